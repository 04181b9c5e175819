import { StepRetryScheduled, RunCancelRequested } from '@runledger/contracts';
import type { CommandHandler, RecordedEvent } from '@runledger/event-store';
import { streamOf } from '@runledger/kernel';
import type { Reactor } from '@runledger/messaging';
import { defineTimer, firingContext, type Firing, type TimerKind, type Timers } from '@runledger/timers';
import { ORCHESTRATOR } from './orchestrator-actor.js';
import type { RunCommand } from './run-commands.js';
import { run } from './run.decider.js';

type Scheduled = ReturnType<typeof StepRetryScheduled>['data'];
type CancelRequested = ReturnType<typeof RunCancelRequested>['data'];
type Retry = Pick<Scheduled, 'runId' | 'step' | 'attempt'>;

const RETRY = 'run.retry';
const STOP = 'run.stop';

/**
 * What a run waits for by the clock: the next try of a step, and the time in which a cancellation has to be confirmed. Timers
 * are named after what they are for, so that an event that is processed again sets the same one (R1); one whose run has gone
 * another way meanwhile decides nothing.
 */
export function runDeadlines(timers: Timers): Reactor {
  return {
    name: 'orchestrator.run-deadlines',
    types: [StepRetryScheduled.type, RunCancelRequested.type],
    react: event => (event.type === StepRetryScheduled.type ? setRetry(timers, event) : setStop(timers, event)),
  };
}

export function runTimerKinds(commands: CommandHandler): TimerKind[] {
  return [
    defineTimer(RETRY, async firing => {
      const { runId, step, attempt } = firing.payload as Retry;
      await send(commands, firing, runId, { type: 'StartRetry', data: { step, attempt, at: firing.firedAt } });
    }),
    defineTimer(STOP, async firing => {
      const { runId } = firing.payload as { readonly runId: string };
      await send(commands, firing, runId, { type: 'EnforceCancel', data: { at: firing.firedAt } });
    }),
  ];
}

async function setRetry(timers: Timers, event: RecordedEvent): Promise<void> {
  const { runId, step, attempt, dueAt } = event.data as Scheduled;
  const name = `${RETRY}:${runId}.${step}.${attempt}`;
  await timers.set({ name, dueAt, kind: RETRY, tenant: event.tenant, payload: { runId, step, attempt } });
}

async function setStop(timers: Timers, event: RecordedEvent): Promise<void> {
  const { runId, mode, stopBy } = event.data as CancelRequested;
  if (stopBy === undefined) return;
  const name = `${STOP}:${runId}.${mode}.${stopBy}`;
  await timers.set({ name, dueAt: stopBy, kind: STOP, tenant: event.tenant, payload: { runId } });
}

/** None of these commands can be refused: what is not the case any more decides nothing. */
async function send(commands: CommandHandler, firing: Firing, runId: string, command: RunCommand): Promise<void> {
  const context = firingContext(firing, { actor: ORCHESTRATOR, correlationId: runId });
  await commands.handle(run, streamOf('run', runId), command, context);
}
