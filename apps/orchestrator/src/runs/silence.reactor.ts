import {
  AttemptEnded,
  AttemptResumed,
  RunReopened,
  RunResumed,
  silenceLimitMs,
  StepReady,
  type StepDefinition,
} from '@runledger/contracts';
import type { CommandHandler, RecordedEvent } from '@runledger/event-store';
import { streamOf } from '@runledger/kernel';
import type { Reactor } from '@runledger/messaging';
import type { Timers } from '@runledger/timers';
import { isKnown } from './run-verbs.js';
import { run } from './run.decider.js';
import { silenceTimer, silenceTimerName } from './silence-timer.js';

type Ready = ReturnType<typeof StepReady>['data'];
type Resumed = ReturnType<typeof AttemptResumed>['data'];
type Ended = ReturnType<typeof AttemptEnded>['data'];

export interface SilenceParts {
  readonly commands: CommandHandler;
  readonly timers: Timers;
}

/**
 * Has every attempt looked after (R4): one timer per attempt, set when its step is ready and taken away at its end. What the
 * attempt says moves nothing; the timer looks for itself when it fires. It is set again when an attempt goes on that had a
 * reason to be silent: it was paused, waited for people, or had lost its worker. A function needs none: whoever calls it keeps
 * its time.
 */
export function silenceWatch(parts: SilenceParts): Reactor {
  return {
    name: 'orchestrator.silence',
    types: [StepReady.type, AttemptEnded.type, AttemptResumed.type, RunResumed.type, RunReopened.type],
    concerns: ({ type, data }) => type !== StepReady.type || (data as Ready).function === undefined,
    react: event => watch(parts, event),
  };
}

function watch(parts: SilenceParts, event: RecordedEvent): Promise<void> {
  switch (event.type) {
    case StepReady.type: {
      const ready = event.data as Ready;
      return parts.timers.set(
        silenceTimer({ tenant: event.tenant, limitMs: silenceLimitMs(ready), ...ready }, ready.readyAt),
      );
    }
    case AttemptEnded.type:
      return parts.timers.cancel(silenceTimerName(event.data as Ended));
    default:
      return watchAgain(parts, event);
  }
}

/** All attempts of the run that execute, or the one that goes on. */
async function watchAgain({ commands, timers }: SilenceParts, event: RecordedEvent): Promise<void> {
  const { tenant, metadata } = event;
  const { runId, step: only } = event.data as Pick<Resumed, 'runId'> & Partial<Pick<Resumed, 'step'>>;
  const { state } = await commands.load(run, { tenant, name: streamOf('run', runId) });
  if (!isKnown(state)) return;
  const steps =
    event.type === AttemptResumed.type ? state.plan.steps.filter(({ key }) => key === only) : state.plan.steps;
  for (const { definition, attempt } of executing(steps, key => state.steps.at(state.plan.indexOf.get(key) ?? -1))) {
    const place = { tenant, runId, step: definition.key, attempt, limitMs: silenceLimitMs(definition) };
    await timers.set(silenceTimer(place, metadata.occurredAt));
  }
}

type ProgressOf = (key: string) => { readonly status: string; readonly attempt: number } | undefined;

function executing(steps: readonly StepDefinition[], progressOf: ProgressOf) {
  return steps.flatMap(definition => {
    const progress = progressOf(definition.key);
    return progress?.status === 'executing' && !definition.function ? [{ definition, attempt: progress.attempt }] : [];
  });
}
