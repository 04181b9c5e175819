import type { RecordedEvent } from '@runledger/event-store';
import { addCharge, plus, plusAt, NO_COST, type Charge } from './cost-sums.js';
import { withCallsEnded } from './function-attempts.js';
import { withAttempt, withAttemptReady, withStep } from './run-attempts.js';
import { withPeople, withSteps } from './run-people.js';
import { viewAtStart } from './run-start.js';
import { rollUp, tallied } from './run-tally.js';
import { withSteering } from './run-steering.js';
import { hasEnded, type RunStatus, type RunView, type RunViewEvent, type StepView } from './run-view.js';

/** What of a stored event the reducer looks at; `data` is of today's version. */
export type FoldedEvent = Pick<RecordedEvent, 'type' | 'data' | 'position' | 'metadata'>;

/**
 * `(view, event) → view`, pure: the same code serves the rows, their rebuild, and any moment of the past. Events of a run
 * that was declined make no view. An event that the view has folded in already changes nothing. Of the run's steps those
 * must be at hand that `stepsConcerned` names; the others stay as they are.
 */
export function foldRun(view: RunView | undefined, event: FoldedEvent): RunView | undefined {
  const known = event as unknown as RunViewEvent;
  if (view === undefined) {
    return known.type === 'RunStarted'
      ? stamped(viewAtStart(known.data, event.metadata.workspaceId), event)
      : undefined;
  }
  if (event.position <= BigInt(view.position)) return view;
  const after = changed(withCallsEnded(view, known), known);
  const tally = tallied(view.tally, view.steps, after.steps);
  return stamped(settled({ ...after, tally }), event);
}

function stamped(view: RunView, event: FoldedEvent): RunView {
  return { ...view, position: event.position.toString(), updatedAt: event.metadata.occurredAt };
}

function changed(view: RunView, event: RunViewEvent): RunView {
  switch (event.type) {
    case 'RunStarted':
    case 'RunDeclined':
      return view;
    case 'StepReady':
    case 'AttemptStarted':
    case 'AttemptResumed':
    case 'ModelTurnEnded':
    case 'AttemptEnded':
      return withAttemptEvent(view, event);
    case 'GateReached':
    case 'GateAnswered':
    case 'GateResolved':
    case 'ApprovalRequested':
    case 'ApprovalJoined':
    case 'ApprovalEscalated':
    case 'ApprovalDecided':
    case 'ApprovalWithdrawn':
      return withPeople(view, event);
    case 'StepCompleted':
    case 'StepFailed':
    case 'StepCancelled':
      return withStep(view, event.data.step, step => ended(step, event));
    case 'StepSkipped':
      return withSteps(view, [event.data.step, ...(event.data.others ?? [])], step => ended(step, event));
    case 'RunPaused':
    case 'RunResumed':
    case 'RunReopened':
    case 'RunCancelRequested':
    case 'RunDiscarded':
    case 'StepBlocked':
    case 'StepHeardAgain':
    case 'StepRetryScheduled':
    case 'StepInterrupted':
    case 'StepReattached':
      return withSteering(view, event);
    case 'StepInstructionsEdited':
    case 'StepForceAdvanced':
      return view;
    case 'RunCompleted':
      return atEnd(view, 'COMPLETED', event.data.completedAt);
    case 'RunFailed':
      return atEnd(view, 'FAILED', event.data.failedAt, event.data.error.message);
    case 'RunRejected':
      return atEnd(view, 'REJECTED', event.data.rejectedAt, event.data.comment ?? `${nameOf(event.data.by)} said no.`);
    case 'RunCancelled':
      return atEnd(view, 'CANCELLED', event.data.cancelledAt, `Cancelled by ${nameOf(event.data.by)}.`);
    case 'ChargeRecorded':
      return charged(view, event.data);
  }
}

/** A charge belongs to the step's own sum; a step that the flow has lost since has one in the run's. */
function charged(view: RunView, charge: Charge): RunView {
  const costs = addCharge(view.costs, charge);
  if (view.steps.some(step => step.key === charge.step)) {
    return withStep({ ...view, costs }, charge.step, step => ({ ...step, cost: plus(step.cost ?? NO_COST, charge) }));
  }
  return { ...view, costs: { ...costs, formerSteps: plusAt(costs.formerSteps, charge.step, charge) } };
}

function withAttemptEvent(
  view: RunView,
  event: Extract<
    RunViewEvent,
    { type: 'StepReady' | 'AttemptStarted' | 'AttemptResumed' | 'ModelTurnEnded' | 'AttemptEnded' }
  >,
): RunView {
  return withStep(view, event.data.step, step =>
    event.type === 'StepReady' ? withAttemptReady(step, event.data) : withAttempt(step, event),
  );
}

function ended(
  before: StepView,
  event: Extract<RunViewEvent, { type: 'StepCompleted' | 'StepFailed' | 'StepSkipped' | 'StepCancelled' }>,
): StepView {
  const { asks: _asks, ...step } = before;
  switch (event.type) {
    case 'StepCompleted': {
      const { outcome, summary, output, completedAt } = event.data;
      return {
        ...step,
        state: 'COMPLETED',
        outcome,
        ...(summary !== undefined && { summary }),
        ...(output !== undefined && { output }),
        endedAt: completedAt,
      };
    }
    case 'StepFailed': {
      const { outcome, error, then, failedAt } = event.data;
      return {
        ...step,
        state: 'FAILED',
        outcome,
        error,
        endedAt: failedAt,
        ...(then === 'ROUTE' && { handled: true }),
      };
    }
    case 'StepSkipped':
      return { ...step, state: 'SKIPPED', summary: event.data.reason, endedAt: event.data.skippedAt };
    case 'StepCancelled':
      return { ...step, state: 'CANCELLED', endedAt: event.data.cancelledAt };
  }
}

function atEnd(view: RunView, status: RunStatus, endedAt: string, statusReason?: string): RunView {
  const { statusReason: _earlier, ...rest } = view;
  const steps = view.steps.map(step => (isOpen(step) ? { ...step, state: 'CANCELLED' as const, endedAt } : step));
  return { ...rest, steps, status, endedAt, ...(statusReason !== undefined && { statusReason }) };
}

/** Such a step is cancelled by the end of its run: a run with thousands of open steps does not write an event for each. */
function isOpen({ state }: StepView): boolean {
  return state === 'PENDING' || state === 'RUNNING' || state === 'WAITING' || state === 'BLOCKED';
}

/** Of parallel steps the most demanding state holds: blocked, then paused, then running. */
function settled(view: RunView): RunView {
  if (hasEnded(view)) return view;
  const { statusReason: _earlier, ...rest } = view;
  return { ...rest, status: rollUp(view) };
}

function nameOf(actor: { readonly id: string; readonly name?: string | undefined }): string {
  return actor.name ?? actor.id;
}
