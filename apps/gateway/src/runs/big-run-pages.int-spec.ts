import { AgentText, RunStarted } from '@runledger/contracts';
import { migrateReadModels, readModelOptions, recordedEvents, type Recorded } from '@runledger/projections';
import { testDatabase, type TestDatabase } from '@runledger/testing';
import { DataSource, type Logger } from 'typeorm';
import { pageAsked } from '../graph/connection.js';
import { CursorSigner } from '../graph/signed-cursor.js';
import { entities, migrations } from '../reads/read-model-tables.js';
import { TranscriptReader } from '../transcript/transcript-reader.js';
import { transcriptProjection } from '../transcript/transcript.projection.js';
import { at, definition, story } from './run-story.fixture.js';
import { applyToRuns } from './run-tables.js';
import type { RunViewEvent } from './run-view.js';
import { StepReader, WHOLE_TIMELINE } from './step-reader.js';

const RUN = 'run_0198-big';
const STEPS = 3_000;
const [, pattern] = definition.steps;
const steps = Array.from({ length: STEPS }, (_, n) => ({ ...pattern, key: `s${n + 1}`, name: `S${n + 1}`, needs: [] }));
const place = { workspaceId: 'ws_acme', runId: RUN };
const inLog = { tenant: 'ws_acme', correlationId: RUN };

interface Plan {
  readonly 'Node Type': string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly Plan[];
}

/** Rows that the leaves of a plan looked at. */
function rowsRead(plan: Plan): number {
  if (plan.Plans) return plan.Plans.reduce((sum, part) => sum + rowsRead(part), 0);
  return (plan['Actual Rows'] + (plan['Rows Removed by Filter'] ?? 0)) * plan['Actual Loops'];
}

describe('the pages of a big run', () => {
  let database: TestDatabase;
  let rows: DataSource;
  let timeline: StepReader;
  let transcript: TranscriptReader;
  const asked: [string, unknown[]][] = [];

  beforeAll(async () => {
    database = await testDatabase();
    const nothing = () => undefined;
    const logger = {
      ...{
        logQueryError: nothing,
        logQuerySlow: nothing,
        logSchemaBuild: nothing,
        logMigration: nothing,
        log: nothing,
      },
      logQuery: (query: string, parameters?: unknown[]) => void asked.push([query, parameters ?? []]),
    } as Logger;
    const options = readModelOptions({ url: database.url, schema: 'gateway', entities, migrations });
    rows = new DataSource({ ...options, logger, logging: ['query'] });
    await migrateReadModels(rows);
    const signer = new CursorSigner(Buffer.alloc(32, 7));
    timeline = new StepReader(rows, signer);
    transcript = new TranscriptReader(rows, signer);
    await fill();
  });
  afterAll(async () => {
    await rows.destroy();
    await database.drop();
  });

  it('lead from the end of its timeline to the beginning, and only through the states that were asked for', async () => {
    const page = (args: Parameters<typeof pageAsked>[0], states?: ['RUNNING']) =>
      timeline.page(place, { ...pageAsked(args, 50), states }, step => step.key);
    const last = await page({ last: 2 });
    expect(last.nodes).toEqual([`s${STEPS - 1}`, `s${STEPS}`]);
    expect(last.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
    const before = await page({ last: 2, before: last.pageInfo.startCursor });
    expect(before.nodes).toEqual([`s${STEPS - 3}`, `s${STEPS - 2}`]);
    expect((await page({ first: 2, after: before.pageInfo.endCursor })).nodes).toEqual(last.nodes);
    expect((await page({ last: 2 }, ['RUNNING'])).nodes).toEqual(['s7']);
    expect((await page({ first: 1 })).pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
    await expect(async () => page({ first: 1, before: last.pageInfo.startCursor, after: 'x' })).rejects.toThrow('both');
    await expect(async () => page({ first: 1, before: last.pageInfo.startCursor })).rejects.toThrow('`first` counts');
    await expect(async () => page({ first: 1, last: 1 })).rejects.toThrow('`first` counts');
  });

  it('come in one statement that reads about as many rows as it shows', async () => {
    const read = [
      await costOf(() => timeline.page(place, { ...pageAsked({ last: 50 }, 50), states: undefined }, step => step.key)),
      await costOf(() =>
        timeline.page(place, { ...pageAsked({ last: 50 }, 50), states: ['PENDING'] }, step => step.key),
      ),
      await costOf(() => transcript.page('ws_acme', RUN, { step: undefined, attempt: undefined, ...lastOf(50) })),
      await costOf(() => transcript.page('ws_acme', RUN, { step: 's1', attempt: undefined, ...lastOf(50) })),
    ];
    expect(read.map(({ statements }) => statements)).toEqual([1, 1, 2, 2]);
    for (const { most } of read) expect(most).toBeLessThan(300);
  });

  it('are needed beyond the first thousand cards', async () => {
    const found = await timeline.first('ws_acme', [RUN]);
    expect(found.get(RUN)).toHaveLength(WHOLE_TIMELINE);
    expect(await timeline.find('ws_acme', RUN, `s${STEPS}`)).toMatchObject({ number: STEPS, state: 'PENDING' });
  });

  const lastOf = (last: number) => pageAsked({ last }, last);

  async function fill(): Promise<void> {
    const started = RunStarted({ ...story(RUN).started().data, steps } as never);
    const facts = [started, story(RUN).ready('s7'), story(RUN).begun('s7')];
    const attempt = { attemptId: 'att_1', runId: RUN, step: 's1', attempt: 1, at: at(1) };
    const said = steps.map((_, n) => AgentText({ ...attempt, entryId: `e${n}`, text: `Text ${n}.` }));
    await rows.transaction(async manager => {
      await applyToRuns(recordedEvents(facts, inLog) as unknown as Recorded<RunViewEvent>[], manager);
      await transcriptProjection.apply(recordedEvents(said, inLog), manager);
    });
    await rows.query('ANALYZE run_steps, transcript_entries, transcript_pieces');
  }

  /** How many statements were sent, and how many rows the greediest of them read. */
  async function costOf(reading: () => Promise<unknown>): Promise<{ statements: number; most: number }> {
    asked.length = 0;
    await reading();
    const sent = asked.splice(0).filter(([query]) => /^\s*SELECT/i.test(query));
    const read: number[] = [];
    for (const [query, parameters] of sent) {
      const [plan] = await rows.query<{ 'QUERY PLAN': { Plan: Plan }[] }[]>(
        `EXPLAIN (ANALYZE, FORMAT JSON) ${query}`,
        parameters,
      );
      read.push(...(plan?.['QUERY PLAN'] ?? []).map(each => rowsRead(each.Plan)));
    }
    return { statements: sent.length, most: Math.max(...read) };
  }
});
