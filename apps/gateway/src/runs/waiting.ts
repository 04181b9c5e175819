import type { Scope } from '@runledger/contracts';
import { hasEnded, type AskView, type AttemptView, type RunView, type StepView } from './run-view.js';

export interface Waiting {
  readonly kind:
    | 'DECISION'
    | 'PERMISSION'
    | 'QUESTION'
    | 'WORKER'
    | 'STEP'
    | 'RETRY'
    | 'BLOCKER'
    | 'OPERATOR'
    | 'CANCELLATION'
    | 'BUDGET'
    | 'PLATFORM';
  readonly what: string;
  readonly step?: string;
  readonly since: string;
  readonly until?: string;
  readonly mayAct?: Scope;
  /** Only these of them, by id or e-mail address. */
  readonly members?: readonly string[];
  readonly requestId?: string;
}

/** What a run waits for, since when, until when, and who may act; empty exactly when it has ended (R4). */
export function waitingOn(view: RunView): readonly Waiting[] {
  if (hasEnded(view)) return [];
  const steps = view.steps.flatMap(step => ofStep(step, view));
  const cancellation = view.cancel ? [ofCancellation(view.cancel)] : [];
  const pause = view.paused ? [ofPause(view.paused)] : [];
  const all = [...cancellation, ...pause, ...steps];
  if (all.length > 0) return all;
  return [{ kind: 'PLATFORM', what: 'The platform decides what happens next.', since: view.updatedAt }];
}

function ofCancellation(cancel: NonNullable<RunView['cancel']>): Waiting {
  const who = cancel.by.name ?? cancel.by.id;
  const until = cancel.stopBy === undefined ? {} : { until: cancel.stopBy };
  return { kind: 'CANCELLATION', what: `Executing steps stop; ${who} cancelled the run.`, since: cancel.at, ...until };
}

function ofPause({ by, at, reason, queued, budget, step }: NonNullable<RunView['paused']>): Waiting {
  const place = step === undefined ? {} : { step };
  if (budget)
    return {
      kind: 'BUDGET',
      what: reason ?? 'A budget has room again.',
      since: at,
      mayAct: 'billing.manage',
      ...place,
    };
  if (queued) return { kind: 'PLATFORM', what: reason ?? 'Its turn comes.', since: at };
  const why = reason === undefined ? '' : `: ${reason}`;
  if (step !== undefined) {
    const what = `Step ${step} has failed${why || '.'} Someone retries it, skips it, or resumes the run.`;
    return { kind: 'OPERATOR', what, since: at, mayAct: 'flows.run', step };
  }
  const what = `Someone resumes the run, which ${by.name ?? by.id} has paused${why || '.'}`;
  return { kind: 'OPERATOR', what, since: at, mayAct: 'flows.run' };
}

function ofStep(step: StepView, view: RunView): Waiting[] {
  if (step.state === 'WAITING') return ofPeople(step);
  if (step.state === 'BLOCKED') return [ofBlocker(step, view)];
  const attempt = step.attempts.at(-1);
  if (step.retryAt !== undefined) return [ofRetry(step, step.retryAt, attempt?.endedAt ?? view.updatedAt)];
  if (step.interruptedAt !== undefined) {
    return [
      { kind: 'WORKER', what: `A worker takes ${step.name} up again.`, step: step.key, since: step.interruptedAt },
    ];
  }
  return attempt && (step.state === 'PENDING' || step.state === 'RUNNING') ? ofAttempt(step, attempt, view) : [];
}

function ofPeople({ key, gate, asks = [] }: StepView): Waiting[] {
  const open = asks.map(ask => ofAsk(key, ask.kind, ask, { since: ask.since, requestId: ask.requestId }));
  if (!gate || gate.decision !== undefined || gate.answered) return open;
  const request = gate.asked ? { requestId: gate.requestId } : {};
  return [ofAsk(key, 'DECISION', gate, { since: gate.reachedAt, ...request }), ...open];
}

function ofAsk(
  step: string,
  kind: 'DECISION' | 'PERMISSION' | 'QUESTION',
  { message, until, approvers }: Pick<AskView, 'message' | 'until' | 'approvers'>,
  more: Pick<Waiting, 'since' | 'requestId'>,
): Waiting {
  const limits = { ...(until !== undefined && { until }), ...(approvers.length > 0 && { members: approvers }) };
  return { kind, what: message, step, mayAct: 'flows.run', ...limits, ...more };
}

/** When its call ends nobody says, and its time stands still from then on. What is no agent is not stopped by a pause. */
function ofRest({ key, name }: StepView, since: string): Waiting {
  const what = `The agent of ${name} rests, once its current tool call has ended, until the run goes on.`;
  return { kind: 'STEP', what, step: key, since };
}

function ofRetry(step: StepView, until: string, since: string): Waiting {
  return { kind: 'RETRY', what: `${step.name} is tried again.`, step: step.key, since, until };
}

function ofBlocker(step: StepView, view: RunView): Waiting {
  const what = step.blocked?.fix ?? step.error?.message ?? `${step.name} needs something from outside.`;
  return { kind: 'BLOCKER', what, step: step.key, since: step.blocked?.since ?? view.startedAt, mayAct: 'flows.run' };
}

function ofAttempt(step: StepView, attempt: AttemptView, { paused }: RunView): Waiting[] {
  switch (attempt.state) {
    case 'READY':
      return [{ kind: 'WORKER', what: `A worker takes up ${step.name}.`, step: step.key, since: attempt.readyAt }];
    case 'RUNNING': {
      const since = attempt.startedAt ?? attempt.readyAt;
      if (paused && step.kind === 'AGENT') return [ofRest(step, paused.at)];
      const until = new Date(Date.parse(since) + attempt.timeoutMs).toISOString();
      const { function: called } = attempt;
      const what = called === undefined ? `${step.name} executes.` : `The function ${called} of ${step.name} returns.`;
      return [{ kind: 'STEP', what, step: step.key, since, until }];
    }
    case 'ENDED':
      return [];
  }
}
