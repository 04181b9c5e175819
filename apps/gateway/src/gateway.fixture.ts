import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DynamicModule, INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { ALL_SCOPES, catalogue, MemberAdded, WorkspaceCreated, type Scope } from '@runledger/contracts';
import { createPostgresEventStore, migrateEventStore, newUuid, PostgresCheckpoints } from '@runledger/event-store';
import type { EventStore } from '@runledger/event-store';
import { streamOf, type DomainEvent } from '@runledger/kernel';
import { FileBlobStore, PlatformModule, SubjectKeys } from '@runledger/platform';
import { migrateReadModels } from '@runledger/projections';
import { FakeClock, preparedDatabase } from '@runledger/testing';
import pg from 'pg';
import { AccessDesk, gatewayAdapter, GatewayModule, ReadModels, readModelSource } from './gateway.module.js';
import type { HttpTimeouts } from './gateway-adapter.js';
import type { GatewayOptions } from './gateway.config.js';

export const PEPPER = Buffer.alloc(32, 7);
const ACTOR = { kind: 'system', id: 'spec' } as const;

/** A gateway on real PostgreSQL, real HTTP and real sockets, and the ways in which specs talk to it. */
export interface TestGateway {
  readonly app: INestApplication;
  readonly store: EventStore;
  readonly blobs: FileBlobStore;
  readonly blobsFolder: string;
  readonly clock: FakeClock;
  readonly url: string;
  /** Appends facts to a stream as the service that owns it would, and waits until the read models have them. */
  tell(
    place: { readonly workspaceId: string; readonly stream: string; readonly runId?: string },
    ...events: readonly DomainEvent[]
  ): Promise<bigint>;
  /** A workspace with one member, and a token that carries these scopes. */
  tokenFor(workspaceId: string, memberId: string, scopes?: readonly Scope[], expiresAt?: string): Promise<string>;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- answers are looked into, not typed
  graphql<T = any>(
    token: string | undefined,
    query: string,
    variables?: object,
    headers?: Record<string, string>,
  ): Promise<GraphqlAnswer<T>>;
  close(): Promise<void>;
}

export interface GraphqlAnswer<T> {
  readonly status: number;
  readonly data: T;
  readonly errors:
    | readonly {
        readonly message: string;
        readonly path?: readonly string[];
        readonly extensions: { readonly code: string; readonly fix?: string };
      }[]
    | undefined;
  readonly text: string;
}

/** The tables that a gateway needs: what each gateway of a spec would make for itself. */
async function migrate(databaseUrl: string): Promise<void> {
  const pool = new pg.Pool({ connectionString: databaseUrl });
  const source = readModelSource(databaseUrl);
  try {
    await migrateEventStore(pool);
    await migrateReadModels(source);
  } finally {
    await pool.end();
    if (source.isInitialized) await source.destroy();
  }
}

export async function testGateway(
  options: Partial<GatewayOptions> & {
    readonly modules?: readonly (DynamicModule | { new (): object })[];
    /** Modules that need the database. */
    readonly modulesOn?: (databaseUrl: string) => readonly DynamicModule[];
    readonly timeouts?: HttpTimeouts;
    /** What is personal is sealed, as it is everywhere but in most specs. */
    readonly sealed?: boolean;
  } = {},
): Promise<TestGateway> {
  const { modules = [], modulesOn = () => [], timeouts, sealed = false, ...gatewayOptions } = options;
  const database = await preparedDatabase('gateway', migrate);
  const pool = new pg.Pool({ connectionString: database.url });
  const store = createPostgresEventStore({ connectionString: database.url });
  const folder = mkdtempSync(join(tmpdir(), 'runledger-gateway-'));
  const blobs = new FileBlobStore(folder);
  const clock = new FakeClock('2026-05-01T12:00:00.000Z');
  const platform = PlatformModule.register({
    store,
    checkpoints: new PostgresCheckpoints(pool),
    blobs,
    catalogue,
    clock,
    ...(sealed && { subjectKeys: new SubjectKeys(pool) }),
  });
  const gateway = GatewayModule.register({
    databaseUrl: database.url,
    pepper: PEPPER,
    owner: 'spec',
    ...gatewayOptions,
  });
  const module = await Test.createTestingModule({
    imports: [platform, ...modules, ...modulesOn(database.url), gateway],
  }).compile();
  const app = module.createNestApplication(gatewayAdapter(timeouts), { logger: ['fatal'] });
  await app.listen(0, '127.0.0.1');
  const { port } = (app.getHttpServer() as Server).address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;

  const tell: TestGateway['tell'] = async ({ workspaceId, stream, runId }, ...events) => {
    const correlationId = runId ?? newUuid();
    const told = events.map(({ type, data }) => {
      const definition = catalogue.find(type);
      if (!definition) throw new TypeError(`${type} is not in the catalogue.`);
      const metadata = {
        correlationId,
        causationId: 'spec',
        actor: ACTOR,
        workspaceId,
        occurredAt: clock.now(),
        schemaVersion: definition.version,
      };
      return { id: newUuid(), type, data: definition.schema.parse(data), metadata };
    });
    const outcome = await store.append({ tenant: workspaceId, name: stream }, told, 'any');
    if (outcome.status !== 'appended') throw new TypeError(`The facts were not stored: ${outcome.status}.`);
    await app.get(ReadModels).reach(outcome.position);
    return outcome.position;
  };

  const tokenFor: TestGateway['tokenFor'] = async (workspaceId, memberId, scopes = ALL_SCOPES, expiresAt) => {
    const at = clock.now();
    const slug = workspaceId.slice(3);
    await tell(
      { workspaceId, stream: streamOf('workspace', workspaceId) },
      WorkspaceCreated({ workspaceId, slug, name: slug, plan: 'team', createdBy: ACTOR, createdAt: at }),
    );
    await tell(
      { workspaceId, stream: streamOf('member', memberId) },
      MemberAdded({
        memberId,
        workspaceId,
        name: memberId.slice(4),
        kind: 'person',
        scopes: [...ALL_SCOPES],
        addedBy: ACTOR,
        addedAt: at,
      }),
    );
    const caller = {
      workspaceId,
      tokenId: 'tok_spec',
      memberId,
      memberName: memberId,
      memberKind: 'person' as const,
      scopes: ALL_SCOPES,
    };
    const issued = await app
      .get(AccessDesk)
      .issueToken(caller, { name: 'spec', scopes, ...(expiresAt !== undefined && { expiresAt }) });
    if (issued.status === 'refused') throw new TypeError(issued.refusal.message);
    await app.get(ReadModels).reach(issued.position ?? 0n);
    return issued.shown;
  };

  const graphql: TestGateway['graphql'] = async (token, query, variables = {}, headers = {}) => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }), ...headers },
      body: JSON.stringify({ query, variables }),
    });
    const text = await response.text();
    const { data, errors } = text.startsWith('{') ? JSON.parse(text) : { data: undefined, errors: undefined };
    return { status: response.status, data, errors, text };
  };

  const close = async () => {
    await app.close();
    await store.close();
    await pool.end();
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  };
  return { app, store, blobs, blobsFolder: folder, clock, url, tell, tokenFor, graphql, close };
}
