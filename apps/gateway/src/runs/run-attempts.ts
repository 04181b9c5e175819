import { attemptId } from '@runledger/kernel';
import type { AttemptView, RunView, RunViewEvent, StepView } from './run-view.js';

type Ready = Extract<RunViewEvent, { type: 'StepReady' }>['data'];
type AttemptEvent = Extract<
  RunViewEvent,
  { type: 'AttemptStarted' | 'AttemptResumed' | 'ModelTurnEnded' | 'AttemptEnded' }
>;

export function withStep(view: RunView, key: string, change: (step: StepView) => StepView): RunView {
  const index = view.steps.findIndex(step => step.key === key);
  const step = view.steps[index];
  return step ? { ...view, steps: view.steps.with(index, change(step)) } : view;
}

/**
 * The step with one more attempt: it waits for a worker, or its function is called. What an earlier attempt said no longer
 * counts.
 */
export function withAttemptReady(step: StepView, ready: Ready): StepView {
  const rest = withoutEnd(step);
  const attempt: AttemptView = {
    id: attemptId(ready.runId, ready.step, ready.attempt),
    number: ready.attempt,
    ...(ready.function
      ? { state: 'RUNNING', startedAt: ready.readyAt, function: ready.function.name }
      : { state: 'READY' }),
    readyAt: ready.readyAt,
    timeoutMs: ready.timeoutMs,
    resumptions: 0,
    turns: 0,
  };
  return { ...rest, state: ready.function ? 'RUNNING' : 'PENDING', attempts: [...step.attempts, attempt] };
}

/** A step that is going to be tried: how it ended before, and what it waited for, no longer counts. */
export function withoutEnd(step: StepView): StepView {
  const { outcome: _outcome, error: _error, endedAt: _endedAt, summary: _summary, output: _output, ...begun } = step;
  const { blocked: _blocked, retryAt: _retryAt, interruptedAt: _interruptedAt, handled: _handled, ...more } = begun;
  const { inherited: _inherited, ...rest } = more;
  return rest;
}

/** The step after something happened in one of its attempts. */
export function withAttempt(step: StepView, event: AttemptEvent): StepView {
  const attempts = step.attempts.map(attempt =>
    attempt.number === event.data.attempt ? changed(attempt, event) : attempt,
  );
  return event.type === 'AttemptStarted' && step.state === 'PENDING'
    ? { ...step, state: 'RUNNING', attempts }
    : { ...step, attempts };
}

function changed(attempt: AttemptView, event: AttemptEvent): AttemptView {
  switch (event.type) {
    case 'AttemptStarted':
      return { ...attempt, state: 'RUNNING', startedAt: event.data.startedAt, driver: event.data.driver };
    case 'AttemptResumed':
      return { ...attempt, resumptions: attempt.resumptions + 1 };
    case 'ModelTurnEnded':
      if (event.data.agent !== undefined) return attempt; // they are added at the end
      return { ...attempt, turns: Math.max(attempt.turns, event.data.turn) };
    case 'AttemptEnded':
      return ended(attempt, event.data);
  }
}

function ended(attempt: AttemptView, data: Extract<AttemptEvent, { type: 'AttemptEnded' }>['data']): AttemptView {
  const { outcome, summary, error, exitCode, turns, elapsedMs, endedAt } = data;
  return {
    ...attempt,
    state: 'ENDED',
    outcome,
    ...(summary !== undefined && { summary }),
    ...(error !== undefined && { error }),
    ...(exitCode !== undefined && { exitCode }),
    turns,
    elapsedMs,
    endedAt,
  };
}
