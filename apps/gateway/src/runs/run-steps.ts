import type { FoldedEvent } from './run-reducer.js';
import type { RunViewEvent, StepView } from './run-view.js';

/** Why a step matters to its run right now. */
export const STANDS = ['REJECTED', 'WAITING', 'BLOCKED', 'FAILED', 'INTERRUPTED', 'RETRYING', 'EXECUTING'] as const;
export type Stand = (typeof STANDS)[number];

/** So many steps of each kind say what a run waits for and what can be done with it. */
export const STANDING = 100;

/** Undefined: the step is done, or its turn has not come. Whatever is asked of a run's steps is asked of those that stand. */
export function standOf(step: StepView): Stand | undefined {
  if (step.gate?.decision === 'REJECT') return 'REJECTED';
  if (step.state === 'WAITING' || step.state === 'BLOCKED') return step.state;
  if (step.state === 'FAILED') return step.handled ? undefined : 'FAILED';
  if (step.state !== 'PENDING' && step.state !== 'RUNNING') return undefined;
  if (step.interruptedAt !== undefined) return 'INTERRUPTED';
  if (step.retryAt !== undefined) return 'RETRYING';
  const last = step.attempts.at(-1)?.state;
  return last === 'READY' || last === 'RUNNING' ? 'EXECUTING' : undefined;
}

/** Which steps must be at hand to fold in some events of one run. */
export interface Concern {
  /** These. */
  readonly keys: Set<string>;
  /** Those that ask for one of these. */
  readonly requests: Set<string>;
  /** Besides: those that have not ended, or all. */
  others?: 'OPEN' | 'ALL';
}

/** Everything that the reducer may change or look at; what it does not need costs no more than reading it. */
export function stepsConcerned(events: readonly FoldedEvent[]): Concern {
  const concern: Concern = { keys: new Set(), requests: new Set() };
  for (const event of events) addConcern(concern, event as unknown as RunViewEvent);
  return concern;
}

function addConcern(concern: Concern, event: RunViewEvent): void {
  if ('step' in event.data && event.data.step !== undefined) concern.keys.add(event.data.step);
  switch (event.type) {
    case 'StepSkipped':
      for (const key of event.data.others ?? []) concern.keys.add(key);
      return;
    case 'ApprovalRequested':
      for (const call of event.data.calls) concern.keys.add(call.step);
      return;
    case 'ApprovalJoined':
      concern.keys.add(event.data.call.step);
      concern.requests.add(event.data.requestId);
      return;
    case 'ApprovalEscalated':
    case 'ApprovalDecided':
    case 'ApprovalWithdrawn':
      concern.requests.add(event.data.requestId);
      return;
    case 'RunReopened':
      concern.others = 'ALL';
      return;
    case 'RunCompleted':
    case 'RunFailed':
    case 'RunRejected':
    case 'RunCancelled':
      concern.others ??= 'OPEN';
      return;
    default:
  }
}
