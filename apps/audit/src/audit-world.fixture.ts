import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ExportAudit } from '@runledger/contracts';
import type { InputOf } from '@runledger/contracts';
import { createPostgresEventStore, newUuid, PostgresCheckpoints } from '@runledger/event-store';
import type { EventStore, NewEvent, RecordedEvent } from '@runledger/event-store';
import { logDatabase } from '@runledger/event-store/testing';
import { Leases } from '@runledger/messaging';
import { systemClock } from '@runledger/platform';
import pg from 'pg';
import { openAudit } from './open-audit.js';
import type { OpenedAudit } from './open-audit.js';
import { verifierFile } from './verifier/verifier-file.js';

/** One real event of every type, each with an id of its own; those of one run have its id as their story. */
const examples = new URL('../../../libs/contracts/stored/', import.meta.url);
export const EXAMPLES = readdirSync(examples)
  .map(file => JSON.parse(readFileSync(new URL(file, examples), 'utf8')) as RecordedEvent)
  .sort((a, b) => Number(a.position) - Number(b.position))
  .map((event, at, all) => (all.findIndex(({ id }) => id === event.id) === at ? event : { ...event, id: newUuid() }));
export const WORKSPACE = 'ws_acme';
export const RUN = EXAMPLES.find(({ type }) => type === 'RunStarted')!.metadata.correlationId;
export const SEED = Buffer.alloc(32, 7);
export const ORIGIN = 'runledger/spec';

export type Checked = { readonly code: number | null; readonly said: string };

interface OpenOptions {
  readonly seed?: Buffer;
  readonly previousSeed?: Buffer;
  readonly publish?: readonly string[];
}

/** The audit service on a real log. */
export interface AuditWorld {
  readonly store: EventStore;
  readonly pool: pg.Pool;
  readonly audit: OpenedAudit;
  /** The same database with another process's parts; closed with the rest. */
  open(options?: OpenOptions): Promise<OpenedAudit>;
  close(): Promise<void>;
}

/** `log`: default a PostgreSQL store in the same database. */
export async function openAuditWorld(log?: EventStore): Promise<AuditWorld> {
  const database = await logDatabase();
  const pool = new pg.Pool({ connectionString: database.url });
  const store = log ?? createPostgresEventStore({ connectionString: database.url });
  const checkpoints = new PostgresCheckpoints(pool, log ? { log } : {});
  const ending: (() => Promise<void>)[] = [];
  const open = async ({ seed = SEED, previousSeed, publish = [] }: OpenOptions = {}) => {
    const leases = new Leases(checkpoints, { owner: newUuid() });
    const keys = { cursorKey: Buffer.alloc(32, 1), signingSeed: seed, previousSeed };
    const config = { origin: ORIGIN, publish, publishEveryMs: 50 };
    const audit = await openAudit({ store, checkpoints, leases, database: pool, clock: systemClock, config, ...keys });
    await audit.keys.announce();
    await audit.sealer.start();
    audit.publisher.start();
    ending.push(async () => {
      await audit.publisher.stop();
      await audit.sealer.stop();
      await leases.stop();
    });
    return audit;
  };
  const close = async () => {
    for (const end of ending.reverse()) await end();
    await store.close();
    await pool.end();
    await database.drop();
  };
  return { store, pool, audit: await open(), open, close };
}

/** Writes the example of every event, and those of `copies` more runs like it beside it. */
export async function writeExamples(store: EventStore, copies = 0): Promise<void> {
  for (let copy = 0; copy <= copies; copy += 1) {
    for (const event of EXAMPLES) {
      const other = copy === 0 ? event : anothers(event, copy);
      await append(store, other.stream, other);
    }
  }
}

function anothers(event: RecordedEvent, copy: number): RecordedEvent {
  const { correlationId } = event.metadata;
  const metadata = { ...event.metadata, correlationId: `${correlationId}${copy}` };
  return { ...event, id: newUuid(), stream: `${event.stream}.${copy}`, metadata };
}

export async function append(store: EventStore, stream: string, event: NewEvent, tenant = WORKSPACE): Promise<void> {
  const { id, type, data, metadata } = event;
  const outcome = await store.append({ tenant, name: stream }, [{ id, type, data, metadata }], 'any');
  expect(outcome.status).toBe('appended');
}

export const asAuditor = (workspaceId = WORKSPACE) => ({
  commandId: newUuid(),
  workspaceId,
  actor: { kind: 'member', id: 'mem_auditor' } as const,
  occurredAt: '2026-11-21T10:00:00.000Z',
  correlationId: 'export',
});

/** All pages of a bundle. */
export async function bundleOf(
  { bundle }: OpenedAudit,
  wanted: Omit<InputOf<typeof ExportAudit>, 'cursor'>,
  workspaceId = WORKSPACE,
): Promise<string[]> {
  const all: string[] = [];
  let cursor: string | undefined;
  do {
    const input = ExportAudit.input.parse({ ...wanted, ...(cursor === undefined ? {} : { cursor }) });
    const outcome = await bundle.page(input, asAuditor(workspaceId));
    if (outcome.status === 'refused') throw new Error(outcome.refusal.message);
    const { lines, next } = ExportAudit.output.parse(outcome.output);
    expect(lines.length).toBeLessThanOrEqual(wanted.limit ?? 500);
    all.push(...lines);
    cursor = next;
  } while (cursor !== undefined);
  return all;
}

/** An auditor's desk: the verifier alone, in a folder without anything of ours, run as a process of its own. */
export function auditorsDesk() {
  const folder = mkdtempSync(join(tmpdir(), 'runledger-auditor-'));
  const { source } = verifierFile();
  writeFileSync(join(folder, 'verify.mjs'), source);
  const check = async (lines: readonly string[] | string, ...args: readonly string[]): Promise<Checked> => {
    const text = typeof lines === 'string' ? lines : `${lines.join('\n')}\n`;
    writeFileSync(join(folder, 'bundle.ndjson'), text);
    const child = spawn(process.execPath, ['verify.mjs', 'bundle.ndjson', ...args], { cwd: folder, env: {} });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text: string) => (said += text));
    }
    const code = await new Promise<number | null>(resolve => child.once('close', resolve));
    return { code, said };
  };
  const keep = (name: string, note: string): string => {
    writeFileSync(join(folder, name), note);
    return name;
  };
  return { check, keep, drop: () => rmSync(folder, { recursive: true, force: true }), folder };
}
