import type { CommandContext, CommandHandler } from '@runledger/event-store';
import { newUuid } from '@runledger/event-store';
import type { Clock } from '@runledger/platform';
import { attempt } from './attempt.decider.js';
import type { AttemptCommand, StartedData } from './attempt.decider.js';
import type { AttemptHistory } from './attempt-history.js';
import { isRest } from './people.js';
import { attemptStream } from './attempt-place.js';
import type { ReadyAttempt } from './attempt-place.js';

export interface Claimer {
  readonly commands: CommandHandler;
  readonly clock: Clock;
  /** Names this worker in the log; the same after a restart. */
  readonly worker: string;
}

/** Which version of which profile an attempt gets; version 0 and driver `none` when there is no such profile. */
export interface ClaimedProfile {
  readonly version: number;
  readonly driver: string;
}

/**
 * Makes this process the owner of an attempt, as its first worker or its next one, and answers the owner's epoch; undefined
 * when someone else was faster (R3). The command's id is fresh each time: two claimers never pass for one.
 */
export async function claim(
  claimer: Claimer,
  ready: ReadyAttempt,
  profile: ClaimedProfile,
  history: AttemptHistory,
): Promise<number | undefined> {
  const command: AttemptCommand =
    history.status === 'absent'
      ? { type: 'StartAttempt', data: startedData(claimer, ready, profile) }
      : { type: 'ResumeAttempt', seenEpoch: history.epoch, data: resumedData(claimer, ready) };
  const accepted = await send(claimer, ready, command);
  return accepted ? history.epoch + 1 : undefined;
}

/** Answers a ready step of a cancelled run that nobody has begun: it starts and ends in one append. False: someone has. */
export function cancelUnstarted(claimer: Claimer, ready: ReadyAttempt, profile: ClaimedProfile): Promise<boolean> {
  const started = startedData(claimer, ready, profile);
  const error = { code: 'CANCELLED', message: 'The run was cancelled before this step began.' };
  const rest = {
    outcome: 'ERROR',
    cancelled: true,
    error,
    turns: 0,
    elapsedMs: 0,
    endedAt: started.startedAt,
  } as const;
  return send(claimer, ready, { type: 'CancelUnstarted', started, ended: { ...ready.place, ...rest } });
}

async function send(claimer: Claimer, ready: ReadyAttempt, command: AttemptCommand): Promise<boolean> {
  const stream = attemptStream(ready.place);
  const { commands } = claimer;
  const context = contextOf(claimer, ready);
  const begins = command.type !== 'ResumeAttempt';
  const outcome = begins
    ? await commands.begin(attempt, stream, command, context)
    : await commands.handle(attempt, stream, command, context);
  return outcome.status === 'accepted';
}

function contextOf(claimer: Claimer, ready: ReadyAttempt): CommandContext {
  return {
    commandId: newUuid(),
    workspaceId: ready.workspaceId,
    actor: { kind: 'service', id: 'sandbox' },
    occurredAt: claimer.clock.now(),
    correlationId: ready.place.runId,
    causationId: ready.readyEventId,
  };
}

function startedData(claimer: Claimer, attempt: ReadyAttempt, profile: ClaimedProfile): StartedData {
  const { ready, place } = attempt;
  return {
    ...place,
    kind: ready.agent === undefined ? 'command' : 'agent',
    profile: ready.profile,
    profileVersion: profile.version,
    driver: profile.driver,
    worker: claimer.worker,
    ...(ready.agent === undefined ? {} : { provider: ready.agent.provider, model: ready.agent.model }),
    startedAt: claimer.clock.now(),
  };
}

function resumedData(claimer: Claimer, { place, waitedFor }: ReadyAttempt) {
  return { ...place, worker: claimer.worker, ...whyResumed(waitedFor), resumedAt: claimer.clock.now() };
}

function whyResumed(waitedFor: string | undefined) {
  if (waitedFor === undefined) {
    return { reason: 'Its worker had stopped, or its run was paused.', cause: 'WORKER_GONE' as const };
  }
  if (isRest(waitedFor)) return { reason: 'Its provider may be asked again.', cause: 'RESTED' as const };
  return { reason: 'People answered what it had asked.', cause: 'ANSWERED' as const };
}
