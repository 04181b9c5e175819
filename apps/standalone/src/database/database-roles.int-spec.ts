import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEPLOYED_SERVICES, STREAM_OWNERS } from '@runledger/contracts';
import type { DeployedService } from '@runledger/contracts';
import { createPostgresEventStore, newUuid, PostgresCheckpoints } from '@runledger/event-store';
import type { EventStore, NewEvent } from '@runledger/event-store';
import { testDatabase } from '@runledger/testing';
import type { TestDatabase } from '@runledger/testing';
import { Pool } from 'pg';
import { createRoles, DATABASE_USERS, grantRoles, roleName } from './database-roles.js';
import type { DatabaseUser } from './database-roles.js';
import { withReadModels } from '../read-models/read-model-desk.js';
import { checkDatabase, migrateDatabase } from './migrate-database.js';
import { writeRoleUrls } from './role-urls.js';

const prefix = `spec_${randomBytes(4).toString('hex')}_`;
const admin = `${prefix}admin`;
const ALL_CATEGORIES = DEPLOYED_SERVICES.flatMap(service => STREAM_OWNERS[service] as readonly string[]);
const silent = () => undefined;

let database: TestDatabase;
let folder: string;
let urls: ReadonlyMap<DatabaseUser, string>;
let adminPool: Pool;
const stores = new Map<DeployedService, EventStore>();

beforeAll(async () => {
  database = await testDatabase();
  folder = await mkdtemp(join(tmpdir(), 'runledger-roles-'));
  // Not a superuser: what a hosted PostgreSQL gives to its customers.
  await onServer(`create role ${admin} login createrole password 'spec'`);
  await onServer(`alter database ${new URL(database.url).pathname.slice(1)} owner to ${admin}`);
  const adminUrl = urlFor(admin, 'spec');
  adminPool = new Pool({ connectionString: adminUrl, max: 1 });
  await createRoles(adminPool, prefix);
  await migrateDatabase(adminUrl, silent);
  await grantRoles(adminPool, prefix);
  urls = await writeRoleUrls(adminPool, { folder, databaseUrl: adminUrl, prefix });
  for (const service of DEPLOYED_SERVICES) {
    stores.set(service, createPostgresEventStore({ connectionString: urlOf(service), poolSize: 2 }));
  }
});
afterAll(async () => {
  for (const store of stores.values()) await store.close();
  await adminPool.end();
  await database.drop();
  for (const user of DATABASE_USERS) await onServer(`drop role if exists ${roleName(user, prefix)}`);
  await onServer(`drop role if exists ${admin}`);
  await rm(folder, { recursive: true, force: true });
});

describe.each(DEPLOYED_SERVICES)('the database role of %s', service => {
  const own = STREAM_OWNERS[service] as readonly string[];

  it('writes the streams of its service, and of no other one (E3)', async () => {
    const tried = ALL_CATEGORIES.map(async category => {
      const stream = { tenant: 'w1', name: `${category}-${service}` };
      const outcome = await storeOf(service)
        .append(stream, [event()], 'no-stream')
        .catch((error: { code: string }) => ({ status: error.code }));
      return [category, outcome.status];
    });
    const expected = ALL_CATEGORIES.map(category => [category, own.includes(category) ? 'appended' : 'FOREIGN_STREAM']);
    expect(await Promise.all(tried)).toEqual(expected);
  });

  it('reads the log of all services', async () => {
    const written = await storeOf('billing').append({ tenant: 'w1', name: `plan-for-${service}` }, [event()], 'any');
    expect(written.status).toBe('appended');
    const { events } = await storeOf(service).readAll({ after: 0n, categories: ['plan'], limit: 100 });
    expect(events.map(({ stream }) => stream)).toContain(`plan-for-${service}`);
  });

  it('moves the checkpoints of its own consumers only', async () => {
    await withPool(service, async pool => {
      const checkpoints = new PostgresCheckpoints(pool);
      expect(await checkpoints.acquire(consumerOf(service), 1, 'spec')).toMatchObject({ position: 0n });
      const foreign = service === 'billing' ? 'reactor/audit.heads' : 'reactor/billing.usage';
      await expect(checkpoints.acquire(foreign, 1, 'spec')).rejects.toMatchObject({ code: '42501' });
    });
  });

  it('enters the schema of its service only, and cannot change the tables of the log', async () => {
    await withPool(service, async pool => {
      const may = async (statement: string) => (await refusalOf(pool, statement)) === undefined;
      expect(await may('select * from gateway.runs')).toBe(service === 'gateway');
      expect(await may('delete from sandbox.open_runs')).toBe(service === 'sandbox');
      expect(await may('delete from timers_orchestrator.timer')).toBe(service === 'orchestrator');
      expect(await may('drop table runledger.event')).toBe(false);
      expect(await may('create table runledger.mine (id int)')).toBe(false);
      expect(await may(`set role ${roleName('migrator', prefix)}`)).toBe(false);
    });
  });

  it('starts on a migrated database without being asked to change it', async () => {
    await withPool(service, async pool => {
      await expect(checkDatabase(pool, urlOf(service))).resolves.toBeUndefined();
    });
  });
});

describe('the gateway', () => {
  it('may build a copy of its tables beside, and exchange them', async () => {
    await withPool('gateway', async pool => {
      await pool.query('create schema gateway_beside');
      await pool.query('create table gateway_beside.runs (like gateway.runs including all)');
      await pool.query('drop table gateway.runs; alter table gateway_beside.runs set schema gateway');
      await pool.query('drop schema gateway_beside');
    });
  });
});

describe('the migrating role', () => {
  it('migrates, and the services still own what they owned', async () => {
    await withPool('migrator', async pool => {
      await pool.query('create table gateway.later (id int)');
      await migrateDatabase(urlOf('migrator'), silent);
      await pool.query('alter table sandbox.open_runs add column later int');
    });
    await withPool('gateway', async pool => {
      expect(await refusalOf(pool, 'drop table gateway.later')).toBeUndefined();
    });
  });
});

describe('a command of the operator that comes in as the migrating role', () => {
  const { RUNLEDGER_HOME: before } = process.env;
  beforeAll(() => void (process.env['RUNLEDGER_HOME'] = folder));
  afterAll(() => {
    if (before === undefined) delete process.env['RUNLEDGER_HOME'];
    else process.env['RUNLEDGER_HOME'] = before;
  });
  const ownersOfReadModels = async () => {
    const { rows } = await adminPool.query<{ owner: string }>(
      `select distinct pg_get_userbyid(relowner) as owner from pg_class
        where relkind = 'r' and relnamespace in (select oid from pg_namespace where starts_with(nspname, 'gateway'))`,
    );
    return rows.map(({ owner }) => owner);
  };

  it('rebuilds and verifies read models, which stay those of the gateway', async () => {
    await withPool('gateway', async pool => {
      await new PostgresCheckpoints(pool).acquire('projection/costs', 1, 'spec');
    });
    await withReadModels(urlOf('migrator'), async desk => {
      await desk.rebuild('costs', () => undefined);
      expect(await desk.verify(['costs'], () => undefined)).toBe(true);
    });
    expect(await ownersOfReadModels()).toEqual([roleName('gateway', prefix)]);
  });

  it('leaves a rebuild that is cut off to the gateway, which can go on with it', async () => {
    const cutOff = () => {
      throw new Error('the terminal was closed');
    };
    await withReadModels(urlOf('migrator'), async desk => {
      await expect(desk.rebuild('costs', cutOff)).rejects.toThrow('the terminal was closed');
    });
    await withReadModels(urlOf('gateway'), async desk => {
      expect(await desk.rebuild('costs', () => undefined)).toMatchObject({ resumed: true });
    });
  });
});

describe('making the roles again', () => {
  it('keeps roles and passwords', async () => {
    expect(await createRoles(adminPool, prefix)).toEqual([]);
    await grantRoles(adminPool, prefix);
    expect(await writeRoleUrls(adminPool, { folder, databaseUrl: urlFor(admin, 'spec'), prefix })).toEqual(urls);
    expect(await storeOf('audit').append({ tenant: 'w1', name: 'audit-again' }, [event()], 'any')).toMatchObject({
      status: 'appended',
    });
  });

  it('keeps the addresses where only their owner can read them', async () => {
    const file = join(folder, 'billing.url');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await readFile(file, 'utf8')).trim()).toBe(urlOf('billing'));
  });

  it('never sends a password to the server, only what it keeps of one', async () => {
    const { rows } = await onServer(`select rolpassword from pg_authid where rolname = '${roleName('audit', prefix)}'`);
    expect(rows[0]).toMatchObject({ rolpassword: expect.stringMatching(/^SCRAM-SHA-256\$4096:/) as string });
  });
});

it('refuses a prefix that would need quoting', () => {
  expect(() => roleName('audit', 'Robert"; drop')).toThrow('cannot begin names of roles');
});

function event(): NewEvent {
  const actor = { kind: 'system', id: 'spec', via: 'test' } as const;
  const about = { correlationId: 'c1', causationId: 'k1', workspaceId: 'w1' };
  const metadata = { ...about, actor, occurredAt: '2026-03-01T10:00:00.000Z', schemaVersion: 1 };
  return { id: newUuid(), type: 'Spoken', data: {}, metadata };
}

function consumerOf(service: DeployedService): string {
  if (service === 'gateway') return 'projection/runs';
  return service === 'relay' ? 'relay/runledger-events' : `reactor/${service}.spec`;
}

function storeOf(service: DeployedService): EventStore {
  const store = stores.get(service);
  if (!store) throw new TypeError(`${service} has no store`);
  return store;
}

function urlOf(user: DatabaseUser): string {
  return urls.get(user) ?? '';
}

function urlFor(role: string, password: string): string {
  const url = new URL(database.url);
  url.username = role;
  url.password = password;
  return url.href;
}

/** SQLSTATE; undefined when the statement was let through. */
async function refusalOf(pool: Pool, statement: string): Promise<string | undefined> {
  return pool.query(statement).then(
    () => undefined,
    (error: { code: string }) => error.code,
  );
}

async function withPool(user: DatabaseUser, work: (pool: Pool) => Promise<void>): Promise<void> {
  const pool = new Pool({ connectionString: urlOf(user), max: 2 });
  try {
    await work(pool);
  } finally {
    await pool.end();
  }
}

async function onServer(statement: string) {
  const pool = new Pool({ connectionString: process.env['RUNLEDGER_TEST_POSTGRES_URL'], max: 1 });
  try {
    return await pool.query(statement);
  } finally {
    await pool.end();
  }
}
