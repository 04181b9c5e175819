import type { Scope } from '@runledger/contracts';
import { holds, type Caller } from '../access/caller.js';
import { hasEnded, type AskView, type RunView, type StepView } from './run-view.js';

type Asked = Pick<AskView, 'approvers' | 'excludesStarter'>;

/** What can be done with one step. */
export type StepAction = 'RETRY' | 'SKIP' | 'FORCE_ADVANCE' | 'RERUN_FROM';

/** What can be done with a run, or with at least one of its steps. */
export type RunAction =
  | 'DECIDE'
  | 'PAUSE'
  | 'RESUME'
  | 'CANCEL'
  | 'RETRY'
  | 'RETRY_STEP'
  | 'SKIP_STEP'
  | 'FORCE_ADVANCE'
  | 'RERUN'
  | 'DISCARD';

type WholeRunAction = Extract<RunAction, 'DECIDE' | 'PAUSE' | 'RESUME' | 'CANCEL' | 'RETRY' | 'RERUN' | 'DISCARD'>;

/** What each verb asks of a run, in the order in which actions are offered. */
const FITS: Readonly<Record<WholeRunAction, (view: RunView) => boolean>> = {
  DECIDE: view => !hasEnded(view) && view.steps.some(step => openAsks(step).length > 0),
  PAUSE: view => goesOn(view) && !view.paused && view.steps.some(step => isExecuting(step) || isRetrying(step)),
  RESUME: view =>
    goesOn(view)
      ? (view.paused !== undefined && !view.paused.queued) || view.steps.some(step => step.state === 'BLOCKED')
      : view.status === 'CANCELLED' && !view.discarded,
  CANCEL: view => !hasEnded(view) && view.cancel?.mode !== 'FORCE',
  RETRY: view =>
    hasFailed(view) || (goesOn(view) && (view.paused ? view.steps.some(isFailed) : view.steps.some(isInterrupted))),
  RERUN: view => hasEnded(view),
  DISCARD: view =>
    !view.discarded && (view.status === 'FAILED' || view.status === 'CANCELLED' || (goesOn(view) && isDeserted(view))),
};
const WHOLE_RUN = Object.keys(FITS) as readonly WholeRunAction[];

/** What each verb asks of a step; that its run can go on at all is asked before. */
const STEP_FITS: Readonly<Record<Exclude<StepAction, 'RERUN_FROM'>, (step: StepView, view: RunView) => boolean>> = {
  // An attempt that began in a paused run would be stopped at once, but for the step for which the run paused.
  RETRY: (step, view) =>
    isHeldUp(step) || isInterrupted(step) ? !view.paused || view.paused.step === step.key : false,
  SKIP: step => isHeldUp(step) || isAtGate(step),
  FORCE_ADVANCE: step => isHeldUp(step) || isAtGate(step) || isExecuting(step),
};
const STEP_ACTIONS = Object.keys(STEP_FITS) as readonly Exclude<StepAction, 'RERUN_FROM'>[];

const ASKED_OF_STEPS = { RETRY: 'RETRY_STEP', SKIP: 'SKIP_STEP', FORCE_ADVANCE: 'FORCE_ADVANCE' } as const;

/** What this caller may do with the run now: its state, the caller's scopes, and whose run it is. */
export function actionsFor(view: RunView, caller: Caller): readonly RunAction[] {
  const whole = WHOLE_RUN.filter(action => FITS[action](view) && mayTake(action, view, caller));
  const ofSteps = STEP_ACTIONS.filter(action => view.steps.some(step => stepFits(action, view, step)))
    .map(action => ASKED_OF_STEPS[action])
    .filter(action => mayTake(action, view, caller));
  return [...whole, ...ofSteps];
}

/** What this caller may do with one step of the run now. */
export function stepActionsFor(view: RunView, step: StepView, caller: Caller): readonly StepAction[] {
  const now = STEP_ACTIONS.filter(
    action => stepFits(action, view, step) && mayTake(ASKED_OF_STEPS[action], view, caller),
  );
  return FITS.RERUN(view) && mayTake('RERUN', view, caller) ? [...now, 'RERUN_FROM'] : now;
}

/** Own runs with `flows.run`, everybody's with `flows.cancel.any`: to cancel, and to put away for good. */
export function mayCancel(view: Pick<RunView, 'startedBy'>, caller: Caller): boolean {
  return holds(caller, 'flows.cancel.any') || (isOwn(view, caller) && holds(caller, 'flows.run'));
}

function isOwn({ startedBy }: Pick<RunView, 'startedBy'>, caller: Caller): boolean {
  return startedBy.kind === 'member' && startedBy.id === caller.memberId;
}

function mayTake(action: RunAction, view: RunView, caller: Caller): boolean {
  if (action === 'CANCEL' || action === 'DISCARD') return mayCancel(view, caller);
  if (!holds(caller, scopeOf(action))) return false;
  return action !== 'DECIDE' || view.steps.some(step => openAsks(step).some(ask => isAsked(ask, view, caller)));
}

/** What people can decide at the step now. */
function openAsks({ state, gate, asks = [] }: StepView): readonly Asked[] {
  if (state !== 'WAITING') return [];
  return gate?.asked && gate.decision === undefined && !gate.withdrawn && !gate.answered ? [gate, ...asks] : asks;
}

/** Members named by e-mail address are known to the service that takes the decision; here they count as possible. */
function isAsked({ approvers, excludesStarter }: Asked, view: RunView, caller: Caller): boolean {
  if (excludesStarter && isOwn(view, caller)) return false;
  return approvers.length === 0 || approvers.some(one => one === caller.memberId || one.includes('@'));
}

function scopeOf(action: Exclude<RunAction, 'CANCEL' | 'DISCARD'>): Scope {
  return action === 'FORCE_ADVANCE' ? 'flows.force' : 'flows.run';
}

function stepFits(action: Exclude<StepAction, 'RERUN_FROM'>, view: RunView, step: StepView): boolean {
  return (hasFailed(view) || goesOn(view)) && STEP_FITS[action](step, view);
}

/** It has failed, or will as soon as nothing executes: such a run goes on when one of its steps is steered. */
function hasFailed(view: RunView): boolean {
  if (view.status === 'FAILED') return !view.discarded;
  return !hasEnded(view) && !view.cancel && !view.paused && view.steps.some(isFailed);
}

/** Neither over nor about to be. */
function goesOn(view: RunView): boolean {
  return (
    !hasEnded(view) && !view.cancel && !hasFailed(view) && !view.steps.some(step => step.gate?.decision === 'REJECT')
  );
}

function isFailed(step: StepView): boolean {
  return step.state === 'FAILED' && step.handled !== true;
}

function isRetrying(step: StepView): boolean {
  return step.state === 'PENDING' && step.retryAt !== undefined;
}

function isHeldUp(step: StepView): boolean {
  return isFailed(step) || isRetrying(step) || step.state === 'BLOCKED';
}

/** A worker has its attempt, or may take it; its agents may be asking people. */
function isExecuting({ state, attempts }: StepView): boolean {
  const last = attempts.at(-1)?.state;
  return (
    (state === 'PENDING' || state === 'RUNNING' || state === 'WAITING') && (last === 'READY' || last === 'RUNNING')
  );
}

function isInterrupted(step: StepView): boolean {
  return step.interruptedAt !== undefined && isExecuting(step);
}

function isAtGate(step: StepView): boolean {
  return step.state === 'WAITING' && !isExecuting(step) && step.gate?.answered !== true;
}

/** Some of its workers are gone, and nothing else of it moves or waits. */
function isDeserted({ steps }: RunView): boolean {
  const begun = steps.filter(step => isExecuting(step) || isHeldUp(step) || step.state === 'WAITING');
  return begun.length > 0 && begun.every(isInterrupted);
}
