import { RunCancelled, RunCompleted, RunDiscarded, RunFailed, RunReopened } from '@runledger/contracts';
import { StepCompleted, StepInterrupted, StepSkipped } from '@runledger/contracts';
import type { RunEvent, StepDefinition } from '@runledger/contracts';
import { isRejection } from '@runledger/kernel';
import { readFlow } from '../flows/read-flow.js';
import { ParameterSchema } from '../parameters/parameter-schema.js';
import type { CheckedRequest } from '../preflight/start-checks.js';
import { evolveRun } from './run-evolve.js';
import type { KnownRun, Run } from './run-state.js';
import { changesInPlace, cloneOf, rerunOf, type Rerun, type Retry, type Succession } from './run-succession.js';
import { isKnown } from './run-verbs.js';
import { run } from './run.decider.js';
import * as the from './run.fixture.js';
import { ada, at, runId, step } from './run.fixture.js';

const steps = [step('plan'), step('build', ['plan']), step('ship', ['build'])];
const begun = the.started(steps, { parameters: { ref: 'main' } });
const failed = [
  ...[begun, the.ready('plan'), the.completed('plan', { summary: 'Planned.' })],
  ...[the.ready('build'), the.failed('build'), RunFailed({ runId, step: 'build', error: the.crash, failedAt: at })],
];
const completed = [
  begun,
  ...steps.flatMap(({ key }) => [the.ready(key), the.completed(key)]),
  RunCompleted({ runId, completedAt: at }),
];
const planned = { step: 'plan', state: 'COMPLETED', from: { runId, attempt: 1 }, outcome: 'SUCCESS' };

/** What becomes of a run with this history when it is asked for again, as a new one whose flow then has `now` as steps. */
function given(...history: readonly RunEvent[]) {
  const source: Run = history.reduce(evolveRun, run.initialState());
  const saying = (succession: ReturnType<typeof cloneOf>) => ({
    thenAsksFor: (request: Partial<Succession['request']>) =>
      expect((succession as Succession).request).toEqual(expect.objectContaining(request)),
    thenAsksForNo: (...names: readonly (keyof Succession['request'])[]) =>
      names.forEach(name => expect((succession as Succession).request).not.toHaveProperty(name)),
    thenHas: (origin: unknown, now: readonly StepDefinition[] = steps) => {
      if (isRejection(succession)) throw new Error(succession.message);
      expect(succession.origin(now)).toEqual(origin);
    },
    thenRejects: (rejected: string, message = /./) =>
      expect(succession).toMatchObject({ rejected, message: expect.stringMatching(message) as unknown }),
  });
  return {
    whenCloned: (more: Partial<Retry> = {}) =>
      saying(cloneOf(source, { runId, from: 'FAILED_STEP', version: 'SAME', mode: 'CLONE', ...more })),
    whenRerunFrom: (key: string, more: Partial<Rerun> = {}) =>
      saying(rerunOf(source, { runId, step: key, version: 'SAME', ...more })),
  };
}

describe('a clone of a run', () => {
  const lineage = { kind: 'RETRY', of: runId };

  it('has what the failed one did, and says whose retry it is', () => {
    const inherited = [{ ...planned, summary: 'Planned.' }];
    given(...failed)
      .whenCloned()
      .thenHas({ lineage, inherited });
  });

  it('has nothing of it from the beginning', () => {
    given(...failed)
      .whenCloned({ from: 'BEGINNING' })
      .thenHas({ lineage });
  });

  it('may be one of a run that has lost its workers', () => {
    const lost = StepInterrupted({ runId, step: 'plan', attempt: 1, reason: 'It died.', interruptedAt: at });
    given(begun, the.ready('plan'), lost).whenCloned().thenHas({ lineage, inherited: [] });
  });

  it('is none of a run that executes, is done, was cancelled or was put away', () => {
    given(begun, the.ready('plan'))
      .whenCloned()
      .thenRejects('NOT_POSSIBLE', /running.*retried/);
    given(...completed)
      .whenCloned()
      .thenRejects('NOT_POSSIBLE', /completed/);
    given(begun, the.ready('plan'), the.cancelled('plan'), RunCancelled({ runId, by: ada, cancelledAt: at }))
      .whenCloned()
      .thenRejects('NOT_POSSIBLE', /cancelled/);
    given(...failed, RunDiscarded({ runId, by: ada, discardedAt: at }))
      .whenCloned()
      .thenRejects('NOT_POSSIBLE', /discarded/);
  });

  it('is none of a run that was never started', () => {
    given().whenCloned().thenRejects('RUN_NOT_FOUND');
  });
});

describe('a run again from a step', () => {
  const lineage = { kind: 'RERUN', of: runId, fromStep: 'build' };

  it('has what was done before that step, however the first one ended', () => {
    given(...completed)
      .whenRerunFrom('build')
      .thenHas({ lineage, inherited: [planned] });
    given(...failed, RunDiscarded({ runId, by: ada, discardedAt: at }))
      .whenRerunFrom('build')
      .thenHas({ lineage, inherited: [{ ...planned, summary: 'Planned.' }] });
  });

  it('does anew all that follows it, however far', () => {
    given(...completed)
      .whenRerunFrom('plan')
      .thenHas({ lineage: { ...lineage, fromStep: 'plan' }, inherited: [] });
    const fork = [step('plan'), step('left', ['plan']), step('right', ['plan']), step('join', ['left', 'right'])];
    const done = fork.flatMap(({ key }) => [the.ready(key), the.completed(key)]);
    given(the.started(fork), ...done, RunCompleted({ runId, completedAt: at }))
      .whenRerunFrom('plan')
      .thenHas({ lineage: { ...lineage, fromStep: 'plan' }, inherited: [] }, fork);
  });

  it('has what steps have put out, how they ended, and which were left out or not taken', () => {
    const flow = [step('plan'), step('part'), step('out'), step('aside'), step('build')];
    const [whole, part] = [the.completed('plan').data, the.completed('part').data];
    const skip = { runId, reason: 'Skipped.', by: ada, skippedAt: at };
    const history = [
      ...[the.started(flow), the.ready('plan'), the.ready('part'), the.ready('build')],
      StepCompleted({ ...whole, output: { files: 3 } }),
      StepCompleted({ ...part, outcome: 'PARTIAL', summary: 'Half.' }),
      ...[
        StepSkipped({ ...skip, step: 'out', cause: 'person' }),
        StepSkipped({ ...skip, step: 'aside', cause: 'not_taken' }),
      ],
      ...[the.completed('build'), RunCompleted({ runId, completedAt: at })],
    ];
    const never = { runId, attempt: 0 };
    given(...history)
      .whenRerunFrom('build')
      .thenHas(
        {
          lineage,
          inherited: [
            { ...planned, output: { files: 3 } },
            { ...planned, step: 'part', outcome: 'PARTIAL', summary: 'Half.' },
            { step: 'out', state: 'SKIPPED', from: never },
            { step: 'aside', state: 'SKIPPED', from: never, notTaken: true },
          ],
        },
        flow,
      );
  });

  it('does anew what the latest version has put before it', () => {
    const now = [step('review'), step('plan', ['review']), ...steps.slice(1)];
    given(...completed)
      .whenRerunFrom('build', { version: 'LATEST' })
      .thenHas({ lineage, inherited: [] }, now);
  });

  it('needs the step in the run, and in the version that is to be run', () => {
    given(...completed)
      .whenRerunFrom('deploy')
      .thenRejects('STEP_NOT_FOUND', /deploy/);
    given(...completed)
      .whenRerunFrom('build', { version: 'LATEST' })
      .thenHas(expect.objectContaining({ rejected: 'PREFLIGHT_FAILED' }), [step('plan')]);
  });

  it('is none before the first one has ended', () => {
    given(begun, the.ready('plan'))
      .whenRerunFrom('plan')
      .thenRejects('NOT_POSSIBLE', /running.*re-run/);
    given().whenRerunFrom('plan').thenRejects('RUN_NOT_FOUND');
  });

  it('takes over as much as a first event has room for, and not a byte more', () => {
    const told = (characters: number) => [
      ...[begun, the.ready('plan'), the.completed('plan', { summary: 'x'.repeat(characters) })],
      ...[the.ready('build'), the.completed('build'), the.ready('ship'), the.completed('ship')],
      RunCompleted({ runId, completedAt: at }),
    ];
    const most = 10_000_000 - Buffer.byteLength(JSON.stringify([{ ...planned, summary: '' }]));
    given(...told(most))
      .whenRerunFrom('build')
      .thenHas(expect.objectContaining({ lineage }));
    given(...told(most + 1))
      .whenRerunFrom('build')
      .thenHas(expect.objectContaining({ rejected: 'PREFLIGHT_FAILED' }));
  });
});

describe('what a new run is asked for', () => {
  const subject = { kind: 'ticket', id: 'T-1' };
  const first = the.started(steps, { flowVersion: 3, parameters: { ref: 'main' }, subject, onlyStep: 'plan' });
  const [, ...others] = completed;

  it('is what the first one was asked for: its version, parameters, choices, subject and only step', () => {
    given(first, ...others)
      .whenRerunFrom('plan')
      .thenAsksFor({
        ...{ flow: 'demo', version: 3, onlyStep: 'plan', parameters: { ref: 'main' }, subject },
        choices: { profile: 'plain', execution: 'INTERACTIVE', checkpointMode: 'TEMPLATE' },
        trigger: { kind: 'manual' },
      });
    given(...completed)
      .whenRerunFrom('plan')
      .thenAsksForNo('onlyStep', 'subject', 'idempotencyKey');
  });

  it('may be the latest version, and other parameters in place of all of the first ones', () => {
    const asked = given(first, ...others).whenRerunFrom('plan', { version: 'LATEST', parameters: { target: 'eu' } });
    asked.thenAsksForNo('version');
    asked.thenAsksFor({ parameters: { target: 'eu' } });
  });

  it('is what the first one had come to, where it was retried in place with something else', () => {
    const flow = { version: 4, hash: 'beef', steps };
    const by = { by: ada, reopenedAt: at };
    const retried = {
      runId,
      verb: 'RETRY',
      from: 'FAILED',
      scope: 'REMAINING',
      parameters: { ref: 'v2' },
      flow,
    } as const;
    const failedAgain = [the.ready('build'), the.failed('build'), failed.at(-1) as RunEvent];
    given(...failed, RunReopened({ ...retried, ...by }), ...failedAgain)
      .whenCloned()
      .thenAsksFor({ version: 4, parameters: { ref: 'v2' } });
  });
});

describe('a retry in place with something else', () => {
  const definition = (concurrency: string) => {
    const reading = readFlow(`{ slug: demo, parameters: { ref: {} }, ${concurrency} steps: [{ key: plan, run: x }] }`);
    if ('problems' in reading) throw new Error(JSON.stringify(reading.problems));
    return reading.flow;
  };
  const checked = (version: number, concurrency = '', parameters: CheckedRequest['parameters'] = { ref: 'v2' }) =>
    ({
      flow: {
        flow: { version, hash: 'beef', definition: definition(concurrency) } as CheckedRequest['flow']['flow'],
        parameters: new ParameterSchema({}),
      },
      steps: [step('plan')],
      parameters,
      choices: begun.data.choices,
    }) satisfies CheckedRequest;
  const known = (more: Parameters<typeof the.started>[1] = {}): KnownRun => {
    const state = evolveRun(run.initialState(), the.started(steps, more));
    if (!isKnown(state)) throw new Error('A run that was started is known.');
    return state;
  };

  it('changes the parameters, and the flow only where that is of another version', () => {
    expect(changesInPlace(known(), checked(1))).toEqual({ parameters: { ref: 'v2' } });
    expect(changesInPlace(known(), checked(2))).toEqual({
      parameters: { ref: 'v2' },
      flow: { version: 2, hash: 'beef', steps: [step('plan')] },
    });
  });

  it('is declined where the run would come under another concurrency key: its queue knows it by the first one', () => {
    const [byRef, byTicket] = [
      'concurrency: { key: "{{ parameters.ref }}", policy: QUEUE },',
      'concurrency: { key: "{{ subject.id }}", policy: QUEUE },',
    ];
    const inQueue = (key: string) =>
      known({ concurrency: { key, policy: 'QUEUE' }, subject: { kind: 't', id: 'T-1' } });
    expect(changesInPlace(inQueue('v1'), checked(1, byRef))).toMatchObject({ rejected: 'PREFLIGHT_FAILED' });
    expect(changesInPlace(inQueue('v2'), checked(1, byRef))).toEqual({ parameters: { ref: 'v2' } });
    expect(changesInPlace(inQueue('T-1'), checked(1, byTicket))).toEqual({ parameters: { ref: 'v2' } });
    expect(changesInPlace(inQueue('v2'), checked(1))).toMatchObject({ rejected: 'PREFLIGHT_FAILED' });
    expect(changesInPlace(known(), checked(1, byRef))).toMatchObject({ rejected: 'PREFLIGHT_FAILED' });
  });
});
