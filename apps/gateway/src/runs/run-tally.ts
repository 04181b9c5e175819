import type { RunTally, RunView, StepView } from './run-view.js';

const NOTHING: RunTally = {
  states: {
    PENDING: 0,
    RUNNING: 0,
    WAITING: 0,
    COMPLETED: 0,
    FAILED: 0,
    BLOCKED: 0,
    SKIPPED: 0,
    CANCELLED: 0,
  },
  interrupted: 0,
  begun: 0,
  turns: 0,
};

export function tallyOf(steps: readonly StepView[]): RunTally {
  return counted(NOTHING, steps, 1);
}

/** The tally when these steps have become those; of steps that are in neither list nothing has changed. */
export function tallied(tally: RunTally, before: readonly StepView[], after: readonly StepView[]): RunTally {
  if (before === after) return tally;
  const gone = before.filter((step, index) => step !== after[index]);
  const come = after.filter((step, index) => step !== before[index]);
  return counted(counted(tally, gone, -1), come, 1);
}

/** The most demanding kind of step that there is. */
export function rollUp(
  view: Pick<RunView, 'tally' | 'paused'>,
): 'BLOCKED' | 'PAUSED' | 'INTERRUPTED' | 'PENDING' | 'RUNNING' {
  const { states, interrupted, begun } = view.tally;
  if (states.BLOCKED > 0) return 'BLOCKED';
  if ((view.paused && !view.paused.queued) || states.WAITING > 0) return 'PAUSED';
  if (interrupted > 0) return 'INTERRUPTED';
  return begun === 0 ? 'PENDING' : 'RUNNING';
}

function counted(tally: RunTally, steps: readonly StepView[], each: 1 | -1): RunTally {
  if (steps.length === 0) return tally;
  const states = { ...tally.states };
  let { interrupted, begun, turns } = tally;
  for (const step of steps) {
    states[step.state] += each;
    if (step.state === 'RUNNING' && step.interruptedAt !== undefined) interrupted += each;
    if (!isUntouched(step)) begun += each;
    turns += each * turnsOf(step);
  }
  return { states, interrupted, begun, turns };
}

function isUntouched(step: StepView): boolean {
  return step.state === 'PENDING' && step.attempts.length === 0 && step.gate === undefined;
}

function turnsOf({ attempts }: StepView): number {
  return attempts.reduce((sum, { turns }) => sum + turns, 0);
}
