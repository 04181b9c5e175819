import { Fault } from '@runledger/kernel';
import type { Sandbox } from '../driver/sandbox-driver.js';
import type { Relay } from '../egress/key-relays.js';
import type { Connection, RepositoryAccess } from '../integrations/credentials.js';

/** A repository that nobody here may read. Blocks the attempt until people have put its credential right. */
export class RepositoryClosedError extends Fault {
  constructor(
    code: 'CREDENTIAL' | 'ENVIRONMENT',
    message: string,
    readonly fix: string,
    /** The integration that is to be connected. */
    readonly needs?: string,
  ) {
    super(code, message, { fields: { fix, needs } });
  }
}

/** The way to one repository while it is cloned. */
export interface OpenRemote {
  readonly connection: Connection | undefined;
  /** Where git asks for it instead of its own address; empty: at its own address. */
  readonly instead: string;
  /** The last answer of its host that was no success. */
  readonly refusal: () => number | undefined;
  /** People see which of their integrations work. */
  worked(error?: { readonly code: string; readonly message: string }): Promise<void>;
  close(): Promise<void>;
}

/** Stands in no message. */
export const NO_WAY = '\0';

/** Most hosts ask for some name beside the token, and look at the token only. */
const ANY_NAME = 'x-access-token';

/**
 * Lets git inside of the sandbox read one repository with a credential that never enters it: git asks a relay on the loopback of the
 * sandbox, and the credential is put in outside (S1). Only what a clone asks for is passed on; nothing can be pushed that way.
 */
export async function openRemote(sandbox: Sandbox, url: string, access?: RepositoryAccess): Promise<OpenRemote> {
  const connection = await access?.repository(url);
  if (!access || !connection) return OPEN_TO_ALL;
  let refusal: number | undefined;
  const heard = (status: number): void => void (refusal = status >= 300 ? status : refusal);
  const relay = await relayed(sandbox, url, { connection, heard });
  return {
    connection,
    instead: relay.url,
    refusal: () => refusal,
    worked: error => reportUse(access, connection, error),
    close: () => relay.close(),
  };
}

const OPEN_TO_ALL: OpenRemote = {
  connection: undefined,
  instead: '',
  refusal: () => undefined,
  worked: () => Promise.resolve(),
  close: () => Promise.resolve(),
};

async function reportUse(
  access: RepositoryAccess,
  { name, connectedAt }: Connection,
  error?: { readonly code: string; readonly message: string },
): Promise<void> {
  if (name === undefined || connectedAt === undefined) return;
  await access.report({ name, connectedAt, ...(error && { error }) });
}

interface Opening {
  readonly connection: Connection;
  readonly heard: (status: number) => void;
}

async function relayed(sandbox: Sandbox, url: string, { connection, heard }: Opening): Promise<Relay> {
  const { settings, secrets, name } = connection;
  const token = secrets['token'];
  if (token === undefined) {
    throw closed(url, `the integration ${name} has no token`, `Connect ${name} again with a token.`, name);
  }
  const account = `${settings['username'] ?? ANY_NAME}:${token}`;
  const headers = { authorization: `Basic ${Buffer.from(account).toString('base64')}` };
  return sandbox.relay({ baseUrl: url.replace(/\/+$/, ''), headers, allows: isRead, heard });
}

/** Of git's protocol over HTTP ("smart", gitprotocol-http(5)), what a clone asks for. */
function isRead({ method, path }: { readonly method: string; readonly path: string }): boolean {
  return method === 'GET'
    ? path === '/info/refs?service=git-upload-pack'
    : method === 'POST' && path === '/git-upload-pack';
}

const UNREADABLE = [401, 403, 404];
const WANTS_TO_KNOW =
  /could not read (Username|Password)|Authentication failed|requested URL returned error: (401|403)/;

/** Throws {@link RepositoryClosedError} where it was for want of a credential that git failed. */
export async function remoteFault(remote: OpenRemote, url: string, said: string): Promise<void> {
  const { connection } = remote;
  const status = remote.refusal();
  if (!connection) {
    if (!WANTS_TO_KNOW.test(said) || !/^https?:/.test(url)) return;
    const fix = `Connect an integration of kind git whose url covers ${shownUrl(url)}: the run goes on by itself.`;
    throw closed(url, 'its host wants a credential, and no integration has one for it', fix, 'git');
  }
  if (status === undefined) return;
  if (status < 400) {
    const fix = 'Give the address in the profile that it has by now; for many hosts it ends in .git.';
    throw new RepositoryClosedError('ENVIRONMENT', `${shownUrl(url)} was not cloned: it leads elsewhere.`, fix);
  }
  if (!UNREADABLE.includes(status)) return;
  const why = `its host answered ${status} to the credential of ${connection.name}`;
  await remote.worked({ code: 'auth', message: `${shownUrl(url)}: ${why}.` });
  const fix = `Connect ${connection.name} again with a token that may read the repository: the run goes on by itself.`;
  throw closed(url, why, fix, connection.name);
}

function closed(url: string, why: string, fix: string, needs: string | undefined): RepositoryClosedError {
  return new RepositoryClosedError('CREDENTIAL', `${shownUrl(url)} was not cloned: ${why}.`, fix, needs);
}

/** A URL may carry a password. */
export function shownUrl(url: string): string {
  return url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, '$1');
}
