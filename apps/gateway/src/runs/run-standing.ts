import { hasEnded, type RunFacts, type RunView, type StepView } from './run-view.js';

/** The run with those of its steps that stand, in their order, and with why it is held up. */
export function withStanding(facts: RunFacts, steps: readonly StepView[]): RunView {
  const reason = hasEnded(facts) ? undefined : heldUpBy(facts, steps);
  return { ...facts, steps, ...(reason !== undefined && { statusReason: reason }) };
}

/** Whether anybody asks what steps of this run stand: those of other ended runs can only be done again. */
export function mayStand({ status }: Pick<RunFacts, 'status'>): boolean {
  return !hasEnded({ status }) || status === 'FAILED';
}

function heldUpBy({ paused }: RunFacts, steps: readonly StepView[]): string | undefined {
  const blocked = steps.find(step => step.state === 'BLOCKED');
  if (blocked) return blocked.blocked?.message;
  if (paused) return paused.reason;
  const waiting = steps.find(step => step.state === 'WAITING');
  return waiting?.asks?.[0]?.message ?? waiting?.gate?.message;
}
