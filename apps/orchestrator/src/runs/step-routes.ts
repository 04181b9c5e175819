import type { StepDefinition } from '@runledger/contracts';
import type { Evaluation } from '../expressions/evaluate-expression.js';
import { ORCHESTRATOR } from './orchestrator-actor.js';
import type { RunDraft } from './run-draft.js';
import { isStartable, stepOf, type RunFacts, type RunningRun } from './run-state.js';
import { conditionHolds, type StepEnd } from './step-conditions.js';

/** The steps that one rule leads to; undefined: no rule fits. */
type Chosen = readonly string[] | undefined;

/** Where the flow goes on after a step that did its work: the first rule that fits chooses. */
export function routeOf(run: RunFacts, step: StepDefinition, end: StepEnd): Evaluation<Chosen> {
  for (const rule of step.routes ?? []) {
    if (rule.on && !rule.on.includes(end.outcome)) continue;
    const fits = rule.if === undefined ? { value: true } : conditionHolds(run, rule.if, end);
    if ('error' in fits) return fits;
    if (fits.value) return { value: rule.to };
  }
  return { value: undefined };
}

/** Where it goes on after one that did not: only a rule that names the outcome handles it, and one that cannot be evaluated does not. */
export function routeOfFailure(run: RunFacts, step: StepDefinition, outcome: 'ERROR' | 'BLOCKED'): Chosen {
  return step.routes?.find(({ on, if: text }) => {
    if (!on?.includes(outcome)) return false;
    const fits = text === undefined ? { value: true } : conditionHolds(run, text, { outcome });
    return 'value' in fits && fits.value;
  })?.to;
}

/** Leaves out the dependents that the flow does not go on with. After a failure these are all that no rule chose. */
export function takeRoute(draft: RunDraft, step: StepDefinition, chosen: Chosen, { failed = false, at = '' }): void {
  const run = draft.running;
  if (!run || run.closing || (!step.routes && !failed)) return;
  const named = new Set(step.routes?.flatMap(rule => rule.to));
  const taken = new Set(chosen);
  const index = run.plan.indexOf.get(step.key) ?? -1;
  const left = (run.plan.dependents[index] ?? []).flatMap(dependent => {
    const key = run.plan.steps[dependent]?.key;
    return key !== undefined && !taken.has(key) && (failed || named.has(key)) ? [key] : [];
  });
  leaveOutNotTaken(draft, left, at);
}

/**
 * Takes again the routes of everything that is done: when a run begins with the results of another one, or goes on after its
 * end, steps may wait whose turn will never come.
 */
export function takeRoutesAgain(draft: RunDraft, at: string): void {
  for (const step of draft.running?.plan.steps ?? []) {
    const run = draft.running;
    const progress = run && stepOf(run, step.key);
    if (!progress) continue;
    if (progress.status === 'failed' && progress.handled) {
      takeRoute(draft, step, routeOfFailure(run, step, progress.outcome), { failed: true, at });
    } else if (step.routes && (progress.status === 'completed' || progress.status === 'skipped')) {
      const end = progress.status === 'completed' ? progress : ({ outcome: 'SUCCESS' } as const);
      const route = progress.status === 'skipped' && progress.notTaken ? undefined : routeOf(run, step, end);
      if (route) takeRoute(draft, step, 'value' in route ? route.value : undefined, { at });
    }
    if (progress.status === 'pending' && isUnreachable(run, step)) leaveOutNotTaken(draft, [step.key], at);
  }
}

/** A step all of whose needs were not taken is not taken either. */
function leaveOutNotTaken(draft: RunDraft, left: readonly string[], at: string): void {
  const queue = [...left];
  for (const key of queue) {
    const run = draft.running;
    if (!run || stepOf(run, key)?.status !== 'pending') continue;
    const place = { runId: run.plan.runId, step: key, by: ORCHESTRATOR, skippedAt: at };
    draft.skip({ ...place, cause: 'not_taken', reason: 'No route leads here.' });
    queue.push(...unreachableAfter(draft.running, key));
  }
}

function unreachableAfter(run: RunningRun | undefined, key: string): string[] {
  const index = run?.plan.indexOf.get(key);
  if (!run || index === undefined) return [];
  return (run.plan.dependents[index] ?? []).flatMap(dependent => {
    const step = run.plan.steps[dependent];
    return step && isStartable(run.steps.at(dependent)) && isUnreachable(run, step) ? [step.key] : [];
  });
}

function isUnreachable(run: RunFacts, { needs }: StepDefinition): boolean {
  return needs.length > 0 && needs.every(need => isNotTaken(run, need));
}

function isNotTaken(run: RunFacts, key: string): boolean {
  const step = stepOf(run, key);
  return step?.status === 'skipped' && step.notTaken;
}
