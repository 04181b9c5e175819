import {
  gateAsking,
  runTransitions,
  stepTransitions,
  type RunEvent,
  type StepDefinition,
  type Transition,
} from '@runledger/contracts';
import { isRejection } from '@runledger/kernel';
import fc from 'fast-check';
import type { RunCommand } from './run-commands.js';
import { evolveRun } from './run-evolve.js';
import { isKnown } from './run-verbs.js';
import { stepOf, type KnownRun, type Run, type StepProgress } from './run-state.js';
import { run } from './run.decider.js';
import * as the from './run.fixture.js';

const later = '2026-03-01T11:00:00.000Z';

/** Flows with everything that can become of a step. */
const anyStep = fc.record({
  needs: fc.array(fc.nat(), { maxLength: 2 }),
  gate: fc.constantFrom('none' as const, 'none' as const, 'before' as const, 'after' as const),
  onFailure: fc.constantFrom('FAIL' as const, 'FAIL' as const, 'PAUSE' as const, 'SKIP' as const),
  retried: fc.boolean(),
  routed: fc.boolean(),
  leftOut: fc.nat({ max: 5 }).map(roll => roll === 0),
  called: fc.nat({ max: 3 }).map(roll => roll === 0),
});
const anyFlow = fc.array(anyStep, { minLength: 2, maxLength: 4 }).map(drafts =>
  drafts.map(({ needs, gate, onFailure, retried, routed, leftOut, called }, index): StepDefinition => {
    const earlier = index === 0 ? [] : [...new Set(needs.map(need => `s${need % index}`))];
    const retry = { max: 1, backoffMs: 1_000, factor: 1, maxBackoffMs: 1_000 };
    return the.step(`s${index}`, earlier, {
      ...(gate !== 'none' && { gates: { [gate]: gateAsking('May it?') } }),
      onFailure: { then: onFailure, ...(retried && { retry }) },
      ...(routed && { routes: [{ on: ['ERROR' as const], to: [] }] }),
      ...(leftOut && { if: 'false' }),
      ...(called && { function: { name: 'ticket', input: {} } }),
    });
  }),
);

const VERBS = ['PauseRun', 'ResumeRun', 'RetryRun', 'RetryStep', 'SkipStep', 'ForceAdvance', 'DiscardRun'] as const;
const anyMove = fc.record({
  kind: fc.constantFrom(
    ...([
      'End',
      'End',
      'End',
      'End',
      'Gate',
      'Gate',
      'Gate',
      'Retry',
      'Interrupt',
      'Reattach',
      'Silence',
      'Block',
      'Hear',
    ] as const),
    ...(['Cancel', 'Enforce'] as const),
    ...VERBS,
  ),
  step: fc.nat({ max: 3 }),
  outcome: fc.constantFrom('SUCCESS' as const, 'SUCCESS' as const, 'ERROR' as const, 'BLOCKED' as const),
  decision: fc.constantFrom('APPROVE' as const, 'APPROVE' as const, 'SKIP' as const, 'REJECT' as const),
  roll: fc.nat({ max: 3 }),
});
type Move = typeof anyMove extends fc.Arbitrary<infer M> ? M : never;

/** What the world or a person does next; most of it does not fit most states, and is refused. */
function commandOf({ kind, step, outcome, decision, roll }: Move, state: KnownRun): RunCommand | undefined {
  const key = `s${step}`;
  const progress = stepOf(state, key);
  if (!progress) return undefined;
  const { attempt } = progress;
  const asked = { by: the.ada, at: later };
  const of = { step: key, attempt, at: later };
  switch (kind) {
    case 'End': {
      const failed = outcome === 'SUCCESS' ? {} : { error: the.crash };
      return progress.status === 'executing' ? the.ended(key, { ...of, outcome, ...failed }) : undefined;
    }
    case 'Gate':
      return progress.status === 'waiting'
        ? { type: 'ResolveGate', data: { ...asked, step: key, gateId: progress.gateId, decision } }
        : undefined;
    case 'Retry':
      return { type: 'StartRetry', data: { ...of, attempt: attempt + 1 } };
    case 'Interrupt':
      return { type: 'RecordInterruption', data: { ...of, reason: 'Died.' } };
    case 'Reattach':
      return { type: 'RecordReattachment', data: { ...of, worker: 'w2' } };
    case 'Block':
      return { type: 'BlockStep', data: { ...of, cause: { kind: 'ENVIRONMENT', message: 'Down.', fix: 'Mend it.' } } };
    case 'Silence':
      return { type: 'RecordSilence', data: { ...of, since: later, limitMs: 1_000 } };
    case 'Hear':
      return { type: 'RecordSignOfLife', data: of };
    case 'Cancel':
      return roll === 0 ? the.cancel(attempt > 1 ? 'FORCE' : 'GRACEFUL') : undefined;
    case 'Enforce':
      return { type: 'EnforceCancel', data: { at: later } };
    case 'RetryRun':
      return { type: kind, data: { ...asked, from: roll === 0 ? 'BEGINNING' : 'FAILED_STEP' } };
    case 'RetryStep':
    case 'SkipStep':
    case 'ForceAdvance':
      return { type: kind, data: { ...asked, step: key } };
    case 'DiscardRun':
      return roll === 0 ? { type: kind, data: asked } : undefined;
    case 'PauseRun':
    case 'ResumeRun':
      return { type: kind, data: asked };
  }
}

/** The state that people see; `begun`: attempts that a worker has taken up. */
function stepState(progress: StepProgress, begun: boolean): string {
  switch (progress.status) {
    case 'executing':
      if (progress.silent) return 'BLOCKED';
      return begun ? 'RUNNING' : 'PENDING';
    case 'retrying':
      return 'PENDING';
    default:
      return progress.status.toUpperCase();
  }
}

/** Of parallel steps the most demanding state: blocked, then paused, then running. */
function runState(state: KnownRun): string {
  if (state.status === 'ended') return state.as.toUpperCase();
  if (state.counts.blocked + state.silent > 0) return 'BLOCKED';
  if (state.paused || state.counts.waiting > 0) return 'PAUSED';
  if (state.interrupted > 0) return 'INTERRUPTED';
  const untouched = (step: StepProgress) => step.status === 'pending' && step.attempt === 0 && step.asked === 0;
  return state.steps.indexesOf(step => !untouched(step)).length === 0 ? 'PENDING' : 'RUNNING';
}

/** Which event led from which state to which, as `FROM > TO` → event types. */
class Observed {
  readonly runs = new Map<string, Set<string>>();
  readonly steps = new Map<string, Set<string>>();
  readonly #begun = new Set<string>();

  /** Applies an event; what became ready is taken up by a worker at once. A function is called, without a worker. */
  apply(state: Run, event: RunEvent): Run {
    const next = evolveRun(state, event);
    this.#compare(state, next, event.type);
    if (event.type === 'StepReady' && !event.data.function) {
      this.#note(this.steps, ['PENDING', 'RUNNING'], 'AttemptStarted');
      this.#begun.add(event.data.step);
    }
    return next;
  }

  #compare(before: Run, after: Run, type: string): void {
    if (!isKnown(after)) return;
    const from = isKnown(before) ? runState(before) : undefined;
    if (from !== undefined) this.#note(this.runs, [from, runState(after)], type);
    after.plan.steps.forEach(({ key, function: called }) => {
      const [was, is] = [isKnown(before) ? stepOf(before, key) : undefined, stepOf(after, key)];
      if (!is) return;
      const same = is.status === 'executing' && was?.status === 'executing' && was.attempt === is.attempt;
      const now = stepState(is, called !== undefined || (this.#begun.has(key) && same));
      if (was) this.#note(this.steps, [stepState(was, was.status === 'executing'), now], type);
    });
  }

  #note(seen: Map<string, Set<string>>, [from, to]: readonly [string, string], type: string): void {
    if (from === to) return;
    const key = `${from} > ${to}`;
    seen.set(key, (seen.get(key) ?? new Set()).add(type));
  }
}

describe('the states of runs and steps', () => {
  it('follow each other as the reference says, and in no other way', () => {
    const observed = new Observed();
    fc.assert(
      fc.property(anyFlow, fc.array(anyMove, { minLength: 80, maxLength: 80 }), (flow, moves) => {
        let state = act(the.start(flow), run.initialState(), observed);
        for (const move of moves) {
          const command = isKnown(state) ? commandOf(move, state) : undefined;
          if (command) state = act(command, state, observed);
        }
      }),
      // The same worlds each time: all ways of the table must be seen.
      { numRuns: 2_500, seed: 20_261_121 },
    );
    expect(misfits(observed.runs, runTransitions)).toEqual([]);
    expect(misfits(observed.steps, stepTransitions)).toEqual([]);
  }, 60_000);
});

function act(command: RunCommand, state: Run, observed: Observed): Run {
  const decision = run.decide(command, state);
  return isRejection(decision) ? state : decision.reduce((next, event) => observed.apply(next, event), state);
}

/** Ways that were seen and are not written, or are written and were not seen; rare events need not all be seen on each way. */
function misfits(
  seen: ReadonlyMap<string, ReadonlySet<string>>,
  table: readonly Transition<string>[],
): readonly string[] {
  const written = new Map(table.map(({ from, to, by }) => [`${from} > ${to}`, by]));
  const unwritten = [...seen].flatMap(([way, types]) =>
    [...types].filter(type => !written.get(way)?.includes(type)).map(type => `${way} by ${type} is not written`),
  );
  return [...unwritten, ...[...written.keys()].filter(way => !seen.has(way)).map(way => `${way} was not seen`)];
}
