import type { AttemptOutcome, Json } from '@runledger/contracts';
import { holds, stepsNamedIn, type Evaluation, type StepInScope } from '../expressions/evaluate-expression.js';
import { stepOf, type RunFacts } from './run-state.js';

/** How a step ended, for the expressions of its routes. */
export interface StepEnd {
  readonly outcome: AttemptOutcome;
  readonly output?: Json | undefined;
}

/** Whether an expression of the flow is true of this run now; only the steps that it names are looked at. */
export function conditionHolds(run: RunFacts, text: string, end?: StepEnd): Evaluation<boolean> {
  const { runId, parameters, started } = run.plan;
  return holds(text, {
    parameters,
    steps: stepsInScope(run, stepsNamedIn(text)),
    run: { id: runId, flow: started.flowSlug, version: started.flowVersion },
    outcome: end?.outcome,
    output: end?.output,
  });
}

/** Those of the steps that have ended, by key. */
export function stepsInScope(run: RunFacts, keys: readonly string[]): Readonly<Record<string, StepInScope>> {
  const steps = keys.flatMap((key): [string, StepInScope][] => {
    const step = inScope(run, key);
    return step ? [[key, step]] : [];
  });
  return Object.fromEntries(steps);
}

function inScope(run: RunFacts, key: string): StepInScope | undefined {
  const step = stepOf(run, key);
  switch (step?.status) {
    case 'completed':
      return { outcome: step.outcome, summary: step.summary, output: step.output };
    case 'skipped':
      return { outcome: 'SKIPPED' };
    case 'failed':
      return { outcome: step.outcome, summary: step.error.message };
    default:
      return undefined;
  }
}
