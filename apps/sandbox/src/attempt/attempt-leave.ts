import { RunnerLostError } from '../runner/runner-faults.js';
import { AwaitingPeopleError } from './people.js';
import { AttemptLeftError, AttemptPausedError } from './stop-switch.js';
import type { StopSwitch } from './stop-switch.js';
import type { Transcript } from './transcript.js';

/** The attempt waits for people and holds no worker meanwhile. */
export function isInterlude(error: unknown): boolean {
  return error instanceof AwaitingPeopleError || error instanceof AttemptPausedError;
}

/** What was written so far stays; the end is left to whoever resumes. A fault is for the worker to report. */
export async function leaveAttempt(transcript: Transcript, stop: StopSwitch, error: unknown): Promise<void> {
  if (stop.cause === 'shutdown') transcript.interrupted('Its worker ends; the platform is being updated.');
  if (error instanceof RunnerLostError) transcript.interrupted(error.message);
  const isAtRest = stop.cause === 'shutdown' || error instanceof AttemptPausedError || error instanceof RunnerLostError;
  if (isAtRest) await transcript.flush().catch(() => undefined);
  await transcript.abandon();
  if (transcript.lost.aborted) throw transcript.lost.reason;
  if (!(error instanceof AttemptLeftError) && !isInterlude(error)) throw error;
}
