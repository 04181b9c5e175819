import { gateAsking, type RunEvent, type StepDefinition } from '@runledger/contracts';
import { isRejection } from '@runledger/kernel';
import fc from 'fast-check';
import type { RunCommand } from './run-commands.js';
import type { Run } from './run-state.js';
import { run } from './run.decider.js';
import { evolveRun } from './run-evolve.js';
import * as the from './run.fixture.js';

/** Any flow whose steps need some earlier ones, some of them behind a gate. */
const anyFlow = fc
  .array(fc.record({ needs: fc.array(fc.nat(), { maxLength: 3 }), gated: fc.boolean() }), {
    minLength: 1,
    maxLength: 12,
  })
  .map(drafts =>
    drafts.map(({ needs, gated }, index): StepDefinition => {
      const earlier = index === 0 ? [] : [...new Set(needs.map(need => `s${need % index}`))];
      return the.step(`s${index}`, earlier, gated ? { gates: { before: gateAsking('May it?') } } : {});
    }),
  );

/** What the world does next, as far as the run lets it: `pick` chooses among what is possible. */
const anyMove = fc.record({
  pick: fc.nat(),
  outcome: fc.constantFrom(
    'SUCCESS' as const,
    'SUCCESS' as const,
    'SUCCESS' as const,
    'PARTIAL' as const,
    'ERROR' as const,
  ),
  decision: fc.constantFrom('APPROVE' as const, 'APPROVE' as const, 'SKIP' as const, 'REJECT' as const),
  cancel: fc.nat({ max: 25 }).map(roll => roll === 0),
});
type Move = typeof anyMove extends fc.Arbitrary<infer M> ? M : never;

const ENDS = ['StepCompleted', 'StepFailed', 'StepSkipped', 'StepCancelled'];
const RUN_ENDS = ['RunCompleted', 'RunFailed', 'RunRejected', 'RunCancelled'];

describe('any run of any flow', () => {
  it('moves forward only, starts nothing too early, and ends exactly when nothing is left to do', () => {
    fc.assert(
      fc.property(anyFlow, fc.infiniteStream(anyMove), (flow, moves) => {
        const log: RunEvent[] = [];
        const sent: RunCommand[] = [];
        let state = act(the.start(flow), run.initialState(), log);
        while (state.status === 'running') {
          const command = nextCommand(log, moves.next().value as Move);
          expect(command).toBeDefined(); // a run that has not ended always waits for something that can happen
          if (!command) return;
          sent.push(command);
          state = act(command, state, log);
          state = repeatAll(sent, state, log);
        }
        checkLog(flow, log);
      }),
      { numRuns: 400 },
    );
  });
});

function act(command: RunCommand, state: Run, log: RunEvent[]): Run {
  const decision = run.decide(command, state);
  if (isRejection(decision)) throw new Error(`${command.type} was refused: ${decision.message}`);
  log.push(...decision);
  return decision.reduce(evolveRun, state);
}

/** Every input so far, told again: nothing may change. */
function repeatAll(sent: readonly RunCommand[], state: Run, log: readonly RunEvent[]): Run {
  for (const command of sent) {
    const again = run.decide(command, state);
    expect(isRejection(again) ? [] : again).toEqual([]);
  }
  expect(log.reduce(evolveRun, run.initialState())).toEqual(state);
  return state;
}

function nextCommand(log: readonly RunEvent[], move: Move): RunCommand | undefined {
  const cancelling = log.some(({ type }) => type === 'RunCancelRequested');
  const possible: RunCommand[] = [];
  for (const key of openAfter(log, 'StepReady')) {
    const stopped = cancelling && move.outcome === 'ERROR';
    const error = move.outcome === 'ERROR' ? the.crash : undefined;
    possible.push(the.ended(key, { outcome: move.outcome, cancelled: stopped, error }));
  }
  for (const key of openAfter(log, 'GateReached')) possible.push(the.decide(key, move.decision));
  if (move.cancel && !cancelling) return the.cancel();
  return possible[move.pick % Math.max(1, possible.length)];
}

/** Steps that came to `type` and to nothing after it. */
function openAfter(log: readonly RunEvent[], type: 'StepReady' | 'GateReached'): string[] {
  const latest = new Map<string, string>();
  for (const event of log)
    if ('step' in event.data && event.data.step !== undefined && event.type.startsWith('Run') === false)
      latest.set(event.data.step, event.type);
  return [...latest].filter(([, last]) => last === type).map(([key]) => key);
}

function checkLog(flow: readonly StepDefinition[], log: readonly RunEvent[]): void {
  const ends = log
    .filter(({ type }) => ENDS.includes(type))
    .map(event => ('step' in event.data ? event.data.step : ''));
  expect(ends.toSorted()).toEqual(flow.map(({ key }) => key).toSorted()); // every step ends exactly once
  const runEnds = log.filter(({ type }) => RUN_ENDS.includes(type));
  expect(runEnds).toHaveLength(1);
  expect(log.at(-1)).toBe(runEnds[0]);
  flow.forEach(step => checkStep(step, log));
  expect(runEnds[0]?.type).toBe(expectedEnd(log));
}

function checkStep(step: StepDefinition, log: readonly RunEvent[]): void {
  const own = log.filter(
    event => 'step' in event.data && event.data.step === step.key && !event.type.startsWith('Run'),
  );
  const way = own.map(({ type }) => type).join(' ');
  expect(way).toMatch(
    /^(GateReached )?(GateResolved )?(StepReady )?(StepCompleted|StepFailed|StepSkipped|StepCancelled)$/,
  );
  if (step.gates && way.includes('StepReady')) expect(way).toContain('GateReached GateResolved StepReady');
  const begun = log.findIndex(
    event => ['StepReady', 'GateReached'].includes(event.type) && 'step' in event.data && event.data.step === step.key,
  );
  if (begun < 0) return;
  for (const need of step.needs) {
    const done = log.findIndex(
      event =>
        ['StepCompleted', 'StepSkipped'].includes(event.type) && 'step' in event.data && event.data.step === need,
    );
    expect(done).toBeGreaterThanOrEqual(0);
    expect(done).toBeLessThan(begun);
  }
}

/** The cancellation, else whatever closed the run first, else completion. */
function expectedEnd(log: readonly RunEvent[]): string {
  if (log.some(({ type }) => type === 'RunCancelRequested')) return 'RunCancelled';
  const closing = log.find(
    event => event.type === 'StepFailed' || (event.type === 'GateResolved' && event.data.decision === 'REJECT'),
  );
  if (!closing) return 'RunCompleted';
  return closing.type === 'StepFailed' ? 'RunFailed' : 'RunRejected';
}
