import type { IntegrationKind } from '@runledger/contracts';

/** How something outside is reached, with everything that opens it. Plain JSON; never log it. */
export interface Connection {
  /** Of the workspace's integration; undefined: the operator's own, for every workspace. */
  readonly name: string | undefined;
  readonly kind: IntegrationKind;
  readonly settings: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, string>>;
  readonly connectedAt?: string;
}

/** How the use of a connection went. */
export interface ConnectionUse {
  readonly name: string;
  readonly connectedAt: string;
  /** Only what people have to put right; left out: it worked. */
  readonly error?: { readonly code: string; readonly message: string };
}

/** What the work of one attempt may open: the integrations of its workspace, asked for at the moment of use (S1). */
export interface Credentials {
  /** The secret of an integration: `github` for its main one, `github.username` for a certain field. */
  get(name: string): Promise<string | undefined>;
  /** The named integration of this kind, else the workspace's first, else the operator's own. */
  connection(kind: IntegrationKind, name?: string): Promise<Connection | undefined>;
  /** What people see of the integration follows from it. */
  report(use: ConnectionUse): Promise<void>;
}

/** Who opens the repositories of a profile. */
export interface RepositoryAccess {
  /** The integration of kind `git` whose address covers this one most closely; undefined: nobody's. */
  repository(url: string): Promise<Connection | undefined>;
  report(use: ConnectionUse): Promise<void>;
}

/** For work that opens nothing. */
export const NO_CREDENTIALS: Credentials = {
  get: () => Promise.resolve(undefined),
  connection: () => Promise.resolve(undefined),
  report: () => Promise.resolve(),
};
