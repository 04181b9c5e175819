import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { ExportRun, RunDeclined, ToolOutput } from '@runledger/contracts';
import { createPostgresEventStore, migrateEventStore, newUuid, START } from '@runledger/event-store';
import type { EventMetadata, EventStore, RecordedEvent } from '@runledger/event-store';
import { keyOf } from '@runledger/kernel';
import type { DomainEvent } from '@runledger/kernel';
import { testDatabase } from '@runledger/testing';
import type { TestDatabase } from '@runledger/testing';
import fc from 'fast-check';
import pg from 'pg';
import { ExportCursors } from './export-cursor.js';
import { RunExport } from './run-export.js';

/** One real event of every type; those of one run have its id as their story. */
const examples = new URL('../../../../libs/contracts/stored/', import.meta.url);
const stored = readdirSync(examples)
  .map(file => JSON.parse(readFileSync(new URL(file, examples), 'utf8')) as RecordedEvent)
  .sort((a, b) => Number(a.position) - Number(b.position));
const WORKSPACE = 'ws_acme';
const runStarted = stored.find(({ type }) => type === 'RunStarted')!;
const RUN = runStarted.metadata.correlationId;
const ofRun = stored.filter(({ metadata }) => metadata.correlationId === RUN);
const AT = '2026-11-21T10:00:00.000Z';

let database: TestDatabase;
let pool: pg.Pool;
let store: EventStore;
let audit: RunExport;
let lines: string[];

beforeAll(async () => {
  database = await testDatabase();
  pool = new pg.Pool({ connectionString: database.url });
  await migrateEventStore(pool);
  store = createPostgresEventStore({ connectionString: database.url });
  audit = new RunExport(store, new ExportCursors(Buffer.alloc(32, 1)));
  for (const { id, type, data, metadata, stream } of stored) await append(stream, { id, type, data, metadata });
  lines = await exported(RUN);
});

afterAll(async () => {
  await store.close();
  await pool.end();
  await database.drop();
});

async function append(
  stream: string,
  event: DomainEvent & { id?: string; metadata: EventMetadata },
  tenant = WORKSPACE,
): Promise<void> {
  const outcome = await store.append({ tenant, name: stream }, [{ id: newUuid(), ...event }], 'any');
  expect(outcome.status).toBe('appended');
}

const asAuditor = (workspaceId = WORKSPACE) => ({
  commandId: newUuid(),
  workspaceId,
  actor: { kind: 'member', id: 'mem_auditor' } as const,
  occurredAt: AT,
  correlationId: 'export',
});

async function page(input: { runId: string; cursor?: string; limit?: number }) {
  const outcome = await audit.page(ExportRun.input.parse(input), asAuditor());
  if (outcome.status === 'refused') throw new Error(outcome.refusal.message);
  return ExportRun.output.parse(outcome.output);
}

/** All pages of an export. */
async function exported(runId: string, limit = 500): Promise<string[]> {
  const all: string[] = [];
  let cursor: string | undefined;
  do {
    const { lines: more, next } = await page({ runId, limit, ...(cursor === undefined ? {} : { cursor }) });
    expect(more.length).toBeLessThanOrEqual(limit);
    all.push(...more);
    cursor = next;
  } while (cursor !== undefined);
  return all;
}

/**
 * What somebody else would write to check a file: nothing of ours but the format. Gives back the head, or what is wrong.
 */
function check(file: readonly string[]): { readonly head: string } | { readonly wrong: string } {
  const hash = (line: string) => createHash('sha256').update(line, 'utf8').digest('hex');
  const parsed: Record<string, unknown>[] = [];
  for (const [at, line] of file.entries()) {
    try {
      parsed.push(JSON.parse(line) as Record<string, unknown>);
    } catch {
      return { wrong: `line ${at + 1} is not JSON` };
    }
    if (at > 0 && parsed[at]?.['prev'] !== hash(file[at - 1]!)) return { wrong: `line ${at + 1} follows another line` };
  }
  const header = parsed[0];
  if (header?.['format'] !== 'runledger.audit' || header['version'] !== 1) return { wrong: 'not an export, version 1' };
  const trailer = parsed.at(-1);
  if (trailer?.['events'] !== file.length - 2) return { wrong: 'the number of events is not the trailer’s' };
  if (trailer['lastPosition'] !== parsed.at(-2)?.['position'])
    return { wrong: 'the last position is not the trailer’s' };
  if (trailer['head'] !== trailer['prev']) return { wrong: 'the head is not the trailer’s' };
  return { head: trailer['head'] as string };
}

const eventsIn = (file: readonly string[]) =>
  file.slice(1, -1).map(line => JSON.parse(line) as Record<string, unknown> & { type: string; data: never });
const dataOf = (type: string) => eventsIn(lines).find(event => event.type === type)?.data as unknown;

describe('the export of a run', () => {
  it('says first which run and which flow version this is', () => {
    expect(JSON.parse(lines[0]!)).toMatchObject({
      format: 'runledger.audit',
      version: 1,
      workspaceId: WORKSPACE,
      runId: RUN,
      flow: { slug: 'rename-button', version: 3 },
      startedBy: { id: 'mem_ada' },
    });
  });

  it('holds every event that the run caused, in whichever stream, in log order, as it was stored', async () => {
    const { events } = await store.readAll({ after: START, correlationId: RUN, tenant: WORKSPACE });
    expect(events).toHaveLength(ofRun.length);
    expect(eventsIn(lines)).toEqual(
      events.map((event, at) => ({
        prev: createHash('sha256').update(lines[at]!).digest('hex'),
        position: String(event.position),
        id: event.id,
        type: event.type,
        schemaVersion: 1,
        stream: event.stream,
        revision: event.revision,
        occurredAt: event.metadata.occurredAt,
        recordedAt: event.recordedAt,
        actor: event.metadata.actor,
        correlationId: RUN,
        causationId: event.metadata.causationId,
        data: event.data,
      })),
    );
    const streams = new Set(eventsIn(lines).map(({ stream }) => (stream as string).split('-')[0]));
    expect([...streams]).toEqual(expect.arrayContaining(['run', 'attempt', 'approval', 'charges', 'allowance']));
  });

  it('holds tool calls with arguments and results, long ones by hash', () => {
    expect(dataOf('ToolCallStarted')).toMatchObject({ tool: 'edit_file', arguments: { path: 'shop/button.html' } });
    expect(dataOf('ToolCallEnded')).toMatchObject({
      exitCode: 2,
      outputBlob: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string, bytes: 147_456 },
    });
  });

  it('holds decisions, model calls with tokens and cost, and errors with their stack', () => {
    expect(dataOf('ApprovalDecided')).toMatchObject({ decision: 'APPROVE', by: { id: 'mem_ada', via: 'token' } });
    expect(dataOf('UsageRecorded')).toMatchObject({ usage: { inputTokens: 1_200, reasoningTokens: 60 } });
    expect(dataOf('ChargeRecorded')).toMatchObject({ amountMicroUnits: 8_900, rateCardVersion: 1 });
    expect(dataOf('ErrorRecorded')).toMatchObject({
      error: { stack: expect.stringContaining('at callModel') as string },
    });
  });

  it('is accepted by a checker that knows nothing but the format', () => {
    expect(check(lines)).toEqual({ head: (JSON.parse(lines.at(-1)!) as { head: string }).head });
  });

  it('is the same to the byte however it is cut into pages', async () => {
    for (const limit of [1, 2, 7, lines.length - 1, lines.length, 1_000]) {
      expect(await exported(RUN, limit)).toEqual(lines);
    }
  });

  it('exists for a start that was declined as well', async () => {
    const runId = `run_${newUuid()}`;
    const declined = RunDeclined({
      runId,
      flow: 'release',
      code: 'FORBIDDEN',
      message: 'No.',
      details: [],
      requestedBy: { kind: 'member', id: 'mem_ada' },
      trigger: { kind: 'api' },
      declinedAt: AT,
    });
    await append(`run-${keyOf(runId)}`, { ...declined, metadata: { ...runStarted.metadata, correlationId: runId } });
    const file = await exported(runId);
    expect(file).toHaveLength(3);
    expect(check(file)).toHaveProperty('head');
  });
});

describe('an export that somebody changed', () => {
  const held = () => (JSON.parse(lines.at(-1)!) as { head: string }).head;
  const isNoticed = (file: readonly string[]) => {
    const result = check(file);
    return 'wrong' in result || result.head !== held();
  };
  const anyLine = () => fc.nat(lines.length - 1);

  it('is noticed when any character of any line is another', () => {
    fc.assert(
      fc.property(anyLine(), fc.nat(), fc.constantFrom('x', '0', ' ', '"'), (at, where, character) => {
        const line = lines[at]!;
        const place = where % line.length;
        fc.pre(line[place] !== character);
        const edited = line.slice(0, place) + character + line.slice(place + 1);
        expect(isNoticed(lines.with(at, edited))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('is noticed when lines changed places', () => {
    fc.assert(
      fc.property(anyLine(), anyLine(), (a, b) => {
        fc.pre(a !== b);
        expect(isNoticed(lines.with(a, lines[b]!).with(b, lines[a]!))).toBe(true);
      }),
    );
  });

  it('is noticed when lines are missing, wherever, or there is one more', () => {
    for (const at of lines.keys()) {
      expect(isNoticed(lines.toSpliced(at, 1))).toBe(true);
      expect(isNoticed(lines.toSpliced(at, 0, lines[at]!))).toBe(true);
      expect(isNoticed(lines.slice(0, at))).toBe(true);
    }
  });

  it('is noticed by the head kept elsewhere even when it was cut and finished off again', () => {
    const cut = lines.slice(0, -3);
    const last = JSON.parse(cut.at(-1)!) as { position: string };
    const head = createHash('sha256').update(cut.at(-1)!).digest('hex');
    const forged = [...cut, JSON.stringify({ events: cut.length - 1, head, lastPosition: last.position, prev: head })];
    expect(check(forged)).toEqual({ head });
    expect(isNoticed(forged)).toBe(true);
  });
});

describe('the export of a run that is going on', () => {
  it('ends where its first page found the log; the next export has the rest', async () => {
    const runId = `run_${newUuid()}`;
    const metadata = { ...runStarted.metadata, correlationId: runId };
    const place = { attemptId: `att_${keyOf(runId)}.plan.1`, runId, step: 'plan', attempt: 1 };
    const output = (text: string) => ToolOutput({ ...place, callId: 'call_1', channel: 'stdout', text, at: AT });
    await append(`run-${keyOf(runId)}`, { type: 'RunStarted', data: runStarted.data, metadata });
    for (let n = 0; n < 3; n += 1) await append(`attempt-${keyOf(runId)}.plan.1`, { ...output(`${n}`), metadata });
    const first = await page({ runId, limit: 2 });
    await append(`attempt-${keyOf(runId)}.plan.1`, { ...output('later'), metadata });
    const rest = await page({ runId, cursor: first.next!, limit: 500 });
    const file = [...first.lines, ...rest.lines];
    expect(check(file)).toHaveProperty('head');
    expect(eventsIn(file)).toHaveLength(4);
    expect(eventsIn(await exported(runId))).toHaveLength(5);
  });

  it('comes in pages that stay small when its events are big', async () => {
    const runId = `run_${newUuid()}`;
    const metadata = { ...runStarted.metadata, correlationId: runId };
    const place = { attemptId: `att_${keyOf(runId)}.plan.1`, runId, step: 'plan', attempt: 1 };
    const big = ToolOutput({ ...place, callId: 'call_1', channel: 'stdout', text: 'x'.repeat(900_000), at: AT });
    await append(`run-${keyOf(runId)}`, { type: 'RunStarted', data: runStarted.data, metadata });
    for (let n = 0; n < 12; n += 1) await append(`attempt-${keyOf(runId)}.plan.1`, { ...big, metadata });
    const first = await page({ runId, limit: 1_000 });
    expect(first.next).toBeDefined();
    expect(first.lines.join('\n').length).toBeLessThan(10_000_000);
    const file = await exported(runId, 1_000);
    expect(check(file)).toHaveProperty('head');
    expect(eventsIn(file)).toHaveLength(13);
  });
});

describe('an export that is not given', () => {
  const refusalOf = async (input: { runId: string; cursor?: string }, workspaceId?: string, by = audit) => {
    const outcome = await by.page(input, asAuditor(workspaceId));
    return outcome.status === 'refused' ? outcome.refusal.rejected : outcome.status;
  };

  it.each([
    ['an unknown id', 'run_nobody'],
    ['the id of something else', 'att_x'],
    ['nothing', ''],
    ['an absurdly long id', `run_${'x'.repeat(500)}`],
  ])('of a run that is not there: %s', async (_what, runId) => {
    expect(await refusalOf({ runId })).toBe('RUN_NOT_FOUND');
  });

  it('of another workspace’s run, whatever it says about its story (G2)', async () => {
    expect(await refusalOf({ runId: RUN }, 'ws_other')).toBe('RUN_NOT_FOUND');
    const cursor = (await page({ runId: RUN, limit: 2 })).next!;
    expect(await refusalOf({ runId: RUN, cursor }, 'ws_other')).toBe('RUN_NOT_FOUND');
    const foreign = { ...runStarted.metadata, workspaceId: 'ws_other' };
    await append(
      'attempt-foreign',
      { type: 'RunCompleted', data: { runId: RUN, completedAt: AT }, metadata: foreign },
      'ws_other',
    );
    expect(await exported(RUN)).toEqual(lines);
  });

  it('for a cursor that this service did not write for this very export', async () => {
    const next = (await page({ runId: RUN, limit: 2 })).next!;
    const [body, seal] = next.split('.') as [string, string];
    const later = { ...(JSON.parse(Buffer.from(body, 'base64url').toString()) as object), e: 0 };
    const forged = `${Buffer.from(JSON.stringify(later)).toString('base64url')}.${seal}`;
    for (const cursor of ['', '.', 'nonsense', body, `${next}x`, `${body}=.${seal}`, forged]) {
      expect([cursor, await refusalOf({ runId: RUN, cursor })]).toEqual([cursor, 'INVALID_CURSOR']);
    }
    const otherRun = stored.find(({ type }) => type === 'RunDeclined')!.metadata.correlationId;
    expect(await refusalOf({ runId: otherRun, cursor: next })).toBe('INVALID_CURSOR');
    const otherKey = new RunExport(store, new ExportCursors(Buffer.alloc(32, 2)));
    expect(await refusalOf({ runId: RUN, cursor: next }, WORKSPACE, otherKey)).toBe('INVALID_CURSOR');
    expect(await refusalOf({ runId: RUN, cursor: next })).toBe('accepted');
  });
});
