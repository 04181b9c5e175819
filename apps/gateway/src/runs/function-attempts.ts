import type { AttemptOutcome, StepError } from '@runledger/contracts';
import type { AttemptView, RunView, RunViewEvent, StepView } from './run-view.js';

interface CallEnd {
  /** Left out: all steps of the run. */
  readonly steps?: readonly string[];
  readonly outcome: AttemptOutcome;
  readonly summary?: string | undefined;
  readonly error?: StepError;
  readonly at: string;
}

const NOT_AWAITED: Pick<CallEnd, 'outcome' | 'error'> = {
  outcome: 'ERROR',
  error: { code: 'CANCELLED', message: 'The run did not wait for the function any more.' },
};

/**
 * The attempt of a function has no events of its own: it ends with what the run says of its step. That is asked of the attempt,
 * not of the step: a new version of the flow may have turned the step into something else while its function was called.
 */
export function withCallsEnded(view: RunView, event: RunViewEvent): RunView {
  const end = endBy(event);
  if (!end) return view;
  const isEnded = (step: StepView) => openCallOf(step) !== undefined && (end.steps?.includes(step.key) ?? true);
  if (!view.steps.some(isEnded)) return view;
  return { ...view, steps: view.steps.map(step => (isEnded(step) ? withCallEnded(step, end) : step)) };
}

function openCallOf({ attempts }: StepView): AttemptView | undefined {
  const last = attempts.at(-1);
  return last?.function === undefined || last.state === 'ENDED' ? undefined : last;
}

function withCallEnded(step: StepView, { outcome, summary, error, at }: CallEnd): StepView {
  const last = openCallOf(step);
  if (!last) return step;
  const ended: AttemptView = {
    ...last,
    state: 'ENDED',
    outcome,
    ...(summary !== undefined && { summary }),
    ...(error !== undefined && { error }),
    elapsedMs: Math.max(0, Date.parse(at) - Date.parse(last.startedAt ?? last.readyAt)),
    endedAt: at,
  };
  return { ...step, attempts: step.attempts.with(-1, ended) };
}

function endBy(event: RunViewEvent): CallEnd | undefined {
  switch (event.type) {
    case 'StepCompleted': {
      const { step, outcome, summary, completedAt: at } = event.data;
      return { steps: [step], outcome, summary, at };
    }
    case 'GateReached': {
      const { step, result, reachedAt: at } = event.data;
      return result && { steps: [step], outcome: result.outcome, summary: result.summary, at };
    }
    case 'StepFailed': {
      const { step, outcome, error, failedAt: at } = event.data;
      return { steps: [step], outcome, error, at };
    }
    case 'StepRetryScheduled': {
      const { step, error, scheduledAt: at } = event.data;
      return { steps: [step], outcome: 'ERROR', error, at };
    }
    case 'StepBlocked': {
      const { step, cause, blockedAt: at } = event.data;
      const { kind: code, message, fix } = cause;
      return { steps: [step], outcome: 'BLOCKED', error: { code, message, fix }, at };
    }
    case 'StepSkipped':
      return { ...NOT_AWAITED, steps: [event.data.step, ...(event.data.others ?? [])], at: event.data.skippedAt };
    case 'StepCancelled':
      return { ...NOT_AWAITED, steps: [event.data.step], at: event.data.cancelledAt };
    case 'RunCancelled':
      return { ...NOT_AWAITED, at: event.data.cancelledAt };
    case 'RunRejected':
      return { ...NOT_AWAITED, at: event.data.rejectedAt };
    case 'RunFailed':
      return { ...NOT_AWAITED, at: event.data.failedAt };
    default:
      return undefined;
  }
}
