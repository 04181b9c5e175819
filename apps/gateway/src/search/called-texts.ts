import {
  GateReached,
  RunCancelled,
  RunCompleted,
  RunFailed,
  RunRejected,
  StepBlocked,
  StepCompleted,
  StepFailed,
  StepReady,
  StepRetryScheduled,
  type StepError,
  type StepResultData,
} from '@runledger/contracts';
import type { EventOf } from '@runledger/kernel';
import { lines, plainJson } from './plain-texts.js';
import type { SearchedText } from './searched-texts.js';

/** How calls of functions begin and end. */
export const calledEvents = [
  StepReady,
  GateReached,
  StepCompleted,
  StepFailed,
  StepRetryScheduled,
  StepBlocked,
  RunCompleted,
  RunFailed,
  RunRejected,
  RunCancelled,
] as const;
export type CalledEvent = EventOf<typeof calledEvents>;

/** What a function is called with. */
export function calledWith(ready: ReturnType<typeof StepReady>['data']): SearchedText | undefined {
  const { function: called, step, attempt, readyAt: at } = ready;
  if (!called) return undefined;
  const text = lines(called.name, plainJson(called.input), called.changes);
  return { kind: 'TOOL_CALL', step, attempt, at, text };
}

/** What became of the call of a step, if the event says so. Attempts in sandboxes say that themselves, by `AttemptEnded`. */
export function becameOf(event: CalledEvent): SearchedText | undefined {
  switch (event.type) {
    case 'StepCompleted': {
      const { step, completedAt: at, ...result } = event.data;
      return resultText(step, result, at);
    }
    case 'GateReached': {
      const { step, result, reachedAt: at } = event.data;
      return result && resultText(step, result, at);
    }
    case 'StepFailed': {
      const { step, attempt, error, failedAt: at } = event.data;
      return errorText({ step, attempt, at }, error);
    }
    case 'StepRetryScheduled': {
      const { step, attempt, error, scheduledAt: at } = event.data;
      return errorText({ step, attempt: attempt - 1, at }, error);
    }
    case 'StepBlocked': {
      const { step, attempt, cause, blockedAt: at } = event.data;
      return errorText({ step, attempt, at }, cause);
    }
    default:
      return undefined;
  }
}

function resultText(step: string, { attempt, summary, output }: StepResultData, at: string): SearchedText {
  const text = lines(summary, output === undefined ? undefined : plainJson(output));
  return { kind: 'OUTPUT', step, attempt, at, text };
}

function errorText(
  place: Pick<SearchedText, 'step' | 'attempt' | 'at'>,
  { message, fix }: Pick<StepError, 'message' | 'fix'>,
): SearchedText {
  return { kind: 'ERROR', ...place, text: lines(message, fix) };
}
