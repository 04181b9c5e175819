import { withoutEnd, withStep } from './run-attempts.js';
import { joined, NO_COST, type CostSum, type CostSums } from './cost-sums.js';
import { stepsAtStart } from './run-start.js';
import type { RunView, RunViewEvent, StepView } from './run-view.js';

type SteeringEvent = Extract<
  RunViewEvent,
  {
    type:
      | 'RunPaused'
      | 'RunResumed'
      | 'RunReopened'
      | 'RunCancelRequested'
      | 'RunDiscarded'
      | 'StepBlocked'
      | 'StepHeardAgain'
      | 'StepRetryScheduled'
      | 'StepInterrupted'
      | 'StepReattached';
  }
>;

type DataOf<Type extends SteeringEvent['type']> = Extract<SteeringEvent, { type: Type }>['data'];

/** The run after someone steered it, or after one of its steps was held up. */
export function withSteering(view: RunView, event: SteeringEvent): RunView {
  switch (event.type) {
    case 'RunPaused': {
      const { by, pausedAt: at, reason, step, cause } = event.data;
      return {
        ...view,
        paused: {
          by,
          at,
          ...(reason !== undefined && { reason }),
          ...(step !== undefined && { step }),
          ...(cause === 'QUEUE' && { queued: true }),
          ...(cause === 'BUDGET' && { budget: true }),
        },
      };
    }
    case 'RunResumed': {
      const { paused: _paused, ...rest } = view;
      return rest;
    }
    case 'RunReopened':
      return reopened(view, event.data);
    case 'RunCancelRequested': {
      const { mode, by, requestedAt: at, stopBy } = event.data;
      return { ...view, cancel: { mode, by, at, ...(stopBy !== undefined && { stopBy }) } };
    }
    case 'RunDiscarded':
      return { ...view, discarded: { by: event.data.by, at: event.data.discardedAt } };
    case 'StepBlocked':
    case 'StepHeardAgain':
    case 'StepRetryScheduled':
    case 'StepInterrupted':
    case 'StepReattached':
      return withStep(view, event.data.step, step => heldUp(step, event));
  }
}

function heldUp(step: StepView, event: Extract<SteeringEvent, { type: `Step${string}` }>): StepView {
  switch (event.type) {
    case 'StepBlocked':
      return blocked(step, event.data);
    case 'StepHeardAgain':
      return heardAgain(step);
    case 'StepRetryScheduled':
      return { ...withoutEnd(step), state: 'PENDING', retryAt: event.data.dueAt };
    case 'StepInterrupted':
      return { ...step, interruptedAt: event.data.interruptedAt };
    case 'StepReattached': {
      const { interruptedAt: _interruptedAt, ...rest } = step;
      return rest;
    }
  }
}

/** Who is merely silent has not ended. */
function blocked(step: StepView, { cause, blockedAt: since }: DataOf<'StepBlocked'>): StepView {
  const held = { ...step, state: 'BLOCKED' as const, blocked: { ...cause, since } };
  return cause.kind === 'SILENT' ? held : { ...held, outcome: 'BLOCKED', endedAt: since };
}

function heardAgain({ blocked: _blocked, ...step }: StepView): StepView {
  if (step.state !== 'BLOCKED') return step;
  return { ...step, state: (step.asks?.length ?? 0) > 0 ? 'WAITING' : 'RUNNING' };
}

function reopened(view: RunView, data: Extract<SteeringEvent, { type: 'RunReopened' }>['data']): RunView {
  const { endedAt: _endedAt, statusReason: _reason, cancel: _cancel, paused: _paused, ...rest } = view;
  const { scope, step: chosen, parameters, flow } = data;
  const steps = flow ? inNewVersion(view.steps, stepsAtStart(flow.steps)) : view.steps;
  return {
    ...rest,
    status: 'RUNNING',
    ...(parameters && { parameters }),
    ...(flow && {
      flowVersion: flow.version,
      costs: withFormer(view.costs, view.steps, steps),
      firstStep: steps[0]?.key ?? '',
    }),
    steps: steps.map(step =>
      isReset(step, scope, chosen) ? { ...withoutEnd(step), state: 'PENDING' as const } : step,
    ),
  };
}

/** The charges of steps that the new version does not have stay with the run. */
function withFormer(costs: CostSums, steps: readonly StepView[], after: readonly StepView[]): CostSums {
  const kept = new Set(after.map(step => step.key));
  const formerSteps: Record<string, CostSum> = { ...costs.formerSteps };
  for (const { key, cost } of steps) {
    if (!cost || kept.has(key)) continue;
    const before = Object.hasOwn(formerSteps, key) ? formerSteps[key] : undefined;
    formerSteps[key] = joined(before ?? NO_COST, cost);
  }
  return { ...costs, formerSteps };
}

/** Steps keep what they have done under their key; what they are to do, the new version alone says. */
function inNewVersion(before: readonly StepView[], fresh: readonly StepView[]): StepView[] {
  const known = new Map(before.map(step => [step.key, step]));
  return fresh.map(step => {
    const {
      skill: _skill,
      function: _function,
      provider: _provider,
      model: _model,
      ...done
    } = known.get(step.key) ?? step;
    return { ...done, ...step, state: done.state, attempts: done.attempts };
  });
}

/** A run that was about to fail is reopened before its end, while siblings of what failed execute: they go on. */
function executes({ state, attempts }: StepView): boolean {
  const isOpen = state === 'PENDING' || state === 'RUNNING' || state === 'WAITING' || state === 'BLOCKED';
  return isOpen && attempts.at(-1) !== undefined && attempts.at(-1)?.state !== 'ENDED';
}

function isReset(step: StepView, scope: 'REMAINING' | 'BEGINNING' | 'STEP', chosen: string | undefined): boolean {
  if (scope === 'BEGINNING') return true;
  if (executes(step)) return false;
  if (step.state === 'COMPLETED' || step.state === 'SKIPPED' || step.handled) return false;
  return scope === 'REMAINING' || step.key === chosen || step.state !== 'FAILED';
}
