import { existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { execFileSync, spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPostgresEventStore, migrateEventStore, newUuid } from '@runledger/event-store';
import type { EventStore, NewEvent } from '@runledger/event-store';
import { openPostgres } from '@runledger/platform';
import type { OpenedPostgres } from '@runledger/platform';
import { eventually } from '@runledger/testing';
import pg from 'pg';
import { PATIENCE_MS } from './platform-process.fixture.js';

const STREAM = { tenant: 'w1', name: 'run-1' };

/** The way of docs/how-to/back-up-and-restore.md to any moment: a base backup of a running server, and its archived WAL. */
describe('a log that is restored to a moment', () => {
  let folder: string;
  const opened: OpenedPostgres[] = [];
  const stores: EventStore[] = [];
  const at = (name: string) => join(folder, name);

  const open = async (name: string, settings: Record<string, string>) => {
    const server = await openPostgres({
      dataDir: at(name),
      settings: { ...settings, fsync: 'off', shared_buffers: '16MB' },
    });
    opened.push(server);
    const store = createPostgresEventStore({ connectionString: server.url, poolSize: 2 });
    stores.push(store);
    return { server, store };
  };
  const write = (store: EventStore, type: string) => store.append(STREAM, [event(type)], 'any');

  beforeAll(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'runledger-pitr-')));
    execFileSync('chmod', ['0777', folder]);
    mkdirSync(at('archive'), { mode: 0o777 });
    execFileSync('chmod', ['0777', at('archive')]);
  });
  afterAll(async () => {
    for (const store of stores) await store.close();
    for (const server of opened) await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it(
    'holds what was written until then, in the same order, and nothing of later; and it goes on',
    async () => {
      const archive = at('archive');
      const { server, store } = await open('first', { archive_mode: 'on', archive_command: `cp %p ${archive}/%f` });
      const client = new pg.Client({ connectionString: server.url });
      await client.connect();
      const pool = new pg.Pool({ connectionString: server.url, max: 1 });
      await migrateEventStore(pool);
      await pool.end();
      await write(store, 'BeforeTheBackup');

      await client.query(`select pg_backup_start('drill', fast => true)`);
      copyOfRunning(at('first'), at('base'));
      await write(store, 'DuringTheBackup');
      const { rows } = await client.query<{ labelfile: string }>('select labelfile from pg_backup_stop()');
      await write(store, 'AfterTheBackup');
      await client.query(`select pg_create_restore_point('before the mishap')`);
      const lost = await write(store, 'TheMishap');
      await client.query('select pg_switch_wal()');
      await client.end();
      await store.close();
      await server.stop();
      expect(readdirSync(archive).length).toBeGreaterThan(1);

      prepareRestore(at('base'), rows[0]?.labelfile ?? '');
      const { server: restoredServer, store: restored } = await open('base', {
        restore_command: `cp ${archive}/%f %p`,
        recovery_target_name: 'before the mishap',
        recovery_target_action: 'promote',
      });
      await eventually(() => hasRecovered(restoredServer.url), 60_000);
      const { events } = await restored.readAll({ after: 0n });
      expect(events.map(({ type }) => type)).toEqual(['BeforeTheBackup', 'DuringTheBackup', 'AfterTheBackup']);
      expect(lost).toMatchObject({ status: 'appended', revision: 3 });
      expect(await write(restored, 'GoesOn')).toMatchObject({ status: 'appended', revision: 3 });
      expect((await restored.readStream(STREAM)).events.map(({ revision }) => revision)).toEqual([0, 1, 2, 3]);
    },
    PATIENCE_MS,
  );
});

/** Files may go away while they are copied: what PostgreSQL needs of them is in the WAL. Owner and modes count. */
function copyOfRunning(from: string, to: string): void {
  const { stderr } = spawnSync('cp', ['--archive', from, to], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  expect(stderr.split('\n').filter(line => line !== '' && !line.endsWith('No such file or directory'))).toEqual([]);
}

async function hasRecovered(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ recovering: boolean }>('select pg_is_in_recovery() as recovering');
  await client.end();
  expect(rows).toEqual([{ recovering: false }]);
}

/** As a restore leaves the data directory: the label of the backup, no WAL of its own, and the sign that it is to recover. */
function prepareRestore(dataDir: string, label: string): void {
  const cluster = join(dataDir, 'cluster');
  for (const left of ['postmaster.pid', 'postmaster.opts']) rmSync(join(cluster, left), { force: true });
  writeFileSync(join(cluster, 'backup_label'), label);
  writeFileSync(join(cluster, 'recovery.signal'), '');
  expect(existsSync(join(cluster, 'PG_VERSION'))).toBe(true);
}

function event(type: string): NewEvent {
  const actor = { kind: 'system', id: 'spec', via: 'test' } as const;
  const about = { correlationId: 'c1', causationId: 'k1', workspaceId: 'w1' };
  const metadata = { ...about, actor, occurredAt: '2026-03-01T10:00:00.000Z', schemaVersion: 1 };
  return { id: newUuid(), type, data: {}, metadata };
}
