import {
  RunCancelled,
  RunFailed,
  RunReopened,
  StepBlocked,
  StepFailed,
  StepInterrupted,
  StepReattached,
  StepSkipped,
} from '@runledger/contracts';
import { canonicalJson, type DomainEvent } from '@runledger/kernel';
import { migrateReadModels, readModelOptions, recordedEvents, type Recorded } from '@runledger/projections';
import { testDatabase, type TestDatabase } from '@runledger/testing';
import fc from 'fast-check';
import { DataSource } from 'typeorm';
import { entities, migrations } from '../reads/read-model-tables.js';
import { functionStory } from './function-story.fixture.js';
import { foldRun } from './run-reducer.js';
import { at, BY, definition, story } from './run-story.fixture.js';
import { applyToRuns } from './run-tables.js';
import { tallyOf } from './run-tally.js';
import type { RunView, RunViewEvent, StepView } from './run-view.js';

const RUN = 'run_0198-a';
const run = story(RUN);
const calls = functionStory(RUN);
const KEYS = ['build', 'lint', 'deploy'] as const;
const error = { code: 'COMMAND_FAILED', message: 'exit 1' };
const lost = StepInterrupted({ runId: RUN, step: 'build', attempt: 1, reason: 'gone', interruptedAt: at(30) });
const taken = StepReattached({ runId: RUN, step: 'build', attempt: 1, worker: 'w2', reattachedAt: at(31) });

const reopened = { runId: RUN, verb: 'RETRY', from: 'FAILED', by: BY } as const;

/** Anything that can be said about the run, in any order: the rows must agree with the view whatever the log says. */
const fact: fc.Arbitrary<DomainEvent> = fc.constantFrom<DomainEvent>(
  ...KEYS.flatMap(key => [
    run.ready(key),
    calls.called(key, 'do-it'),
    run.completed(key),
    run.begun(key),
    run.turn(key, 3),
    run.finished(key),
    run.charged(key, 25),
    StepFailed({ runId: RUN, step: key, attempt: 1, outcome: 'ERROR', error, failedAt: at(40) }),
    StepSkipped({ runId: RUN, step: key, cause: 'person', reason: 'No.', by: BY, skippedAt: at(41), others: ['lint'] }),
    StepBlocked({
      runId: RUN,
      step: key,
      attempt: 1,
      cause: { kind: 'CREDENTIAL', message: 'No access.', fix: 'Connect it.' },
      blockedAt: at(42),
    }),
  ]),
  ...[run.gate(), run.decided(), run.resolved(), lost, taken],
  run.ended(),
  RunFailed({ runId: RUN, step: 'build', error, failedAt: at(50) }),
  RunCancelled({ runId: RUN, by: BY, cancelledAt: at(51) }),
  RunReopened({ ...reopened, scope: 'REMAINING', reopenedAt: at(52) }),
  RunReopened({
    ...reopened,
    scope: 'BEGINNING',
    reopenedAt: at(53),
    flow: { version: 2, hash: 'b'.repeat(64), steps: definition.steps.slice(0, 2) },
  }),
);

describe('the rows of a run', () => {
  let database: TestDatabase;
  let rows: DataSource;

  beforeAll(async () => {
    database = await testDatabase();
    rows = new DataSource(readModelOptions({ url: database.url, schema: 'gateway', entities, migrations }));
    await migrateReadModels(rows);
  });
  afterAll(async () => {
    await rows.destroy();
    await database.drop();
  });

  it('are the same however its events are batched, and say what the whole view says (P2)', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fact, { maxLength: 25 }),
        fc.array(fc.integer({ min: 1, max: 6 })),
        async (facts, cuts) => {
          const events = recordedEvents([run.started(), ...facts], { tenant: 'ws_acme', correlationId: RUN });
          const whole = events.reduce<RunView | undefined>(foldRun, undefined);
          const found = await rowsAfter(batchesOf(events as unknown as Stored[], cuts));
          expect(canonicalJson(found)).toBe(canonicalJson(whole));
          expect(found.tally).toEqual(tallyOf(found.steps));
        },
      ),
      { numRuns: 40 },
    );
  });

  type Stored = Recorded<RunViewEvent>;

  async function rowsAfter(batches: readonly (readonly Stored[])[]): Promise<RunView> {
    await rows.query('TRUNCATE runs, run_steps');
    for (const batch of batches) await rows.transaction(transaction => applyToRuns(batch, transaction));
    const [facts] = await rows.query<{ view: RunView }[]>('SELECT view FROM runs');
    const steps = await rows.query<{ view: StepView }[]>('SELECT view FROM run_steps ORDER BY number');
    if (!facts) throw new Error('The run has no row.');
    return { ...facts.view, steps: steps.map(row => row.view) };
  }

  function batchesOf(events: readonly Stored[], sizes: readonly number[]): Stored[][] {
    const batches: Stored[][] = [];
    let begin = 0;
    for (const size of sizes) {
      if (begin < events.length) batches.push(events.slice(begin, begin + size));
      begin += size;
    }
    if (begin < events.length) batches.push(events.slice(begin));
    return batches;
  }
});
