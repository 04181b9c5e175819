import type { InheritedStep, StepDefinition } from '@runledger/contracts';
import { stepOf, type KnownRun, type StepProgress } from './run-state.js';

/**
 * What a run that goes back to `source` has done from the beginning: every step that `source` did, but for `fromStep`, for
 * what follows it, and for what follows anything else that is to be done again.
 */
export function inheritedSteps(
  source: KnownRun,
  steps: readonly StepDefinition[],
  fromStep: string | undefined,
): InheritedStep[] {
  const again = stepsDoneAgain(source, steps, fromStep);
  return steps.flatMap(({ key }) => {
    const step = again.has(key) ? undefined : inherited(source, key);
    return step ? [step] : [];
  });
}

function stepsDoneAgain(source: KnownRun, steps: readonly StepDefinition[], fromStep: string | undefined): Set<string> {
  const dependents = dependentsOf(steps);
  const queue = steps.flatMap(({ key }) => (key === fromStep || !inherited(source, key) ? [key] : []));
  const again = new Set(queue);
  for (const key of queue) {
    for (const dependent of dependents.get(key) ?? []) {
      if (again.has(dependent)) continue;
      again.add(dependent);
      queue.push(dependent);
    }
  }
  return again;
}

function dependentsOf(steps: readonly StepDefinition[]): Map<string, string[]> {
  const dependents = new Map<string, string[]>();
  for (const { key, needs } of steps) {
    for (const need of needs) dependents.set(need, [...(dependents.get(need) ?? []), key]);
  }
  return dependents;
}

/** Undefined for a step that `source` did not do. */
function inherited(source: KnownRun, key: string): InheritedStep | undefined {
  const step = stepOf(source, key);
  if (!step) return undefined;
  const from = earlier(source, step, key) ?? { runId: source.plan.runId, attempt: step.attempt };
  switch (step.status) {
    case 'completed': {
      const { outcome, summary, output } = step;
      return {
        step: key,
        state: 'COMPLETED',
        from,
        ...(outcome === 'SUCCESS' || outcome === 'PARTIAL' ? { outcome } : {}),
        ...(summary === undefined ? {} : { summary }),
        ...(output === undefined ? {} : { output }),
      };
    }
    case 'skipped':
      return { step: key, state: 'SKIPPED', from, ...(step.notTaken ? { notTaken: true } : {}) };
    default:
      return undefined;
  }
}

/** Who did what `source` had inherited itself. */
function earlier({ plan }: KnownRun, step: StepProgress, key: string): InheritedStep['from'] | undefined {
  return step.attempt > 0 ? undefined : plan.started.inherited?.find(other => other.step === key)?.from;
}
