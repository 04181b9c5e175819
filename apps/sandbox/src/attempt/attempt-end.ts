import { UsageRecorded } from '@runledger/contracts';
import type { EndedData } from './attempt.decider.js';
import type { AttemptHistory } from './attempt-history.js';
import type { StepResult } from './step-run.js';
import type { StopSwitch } from './stop-switch.js';
import type { Transcript } from './transcript.js';

export interface AttemptEnding {
  readonly transcript: Transcript;
  readonly history: AttemptHistory;
  readonly result: StepResult;
  readonly stop: StopSwitch;
  readonly resourceClass: string | undefined;
  elapsedMs(): number;
}

/** Stores the compute usage and the end of an attempt in one append. */
export async function endAttempt(ending: AttemptEnding): Promise<void> {
  const { transcript, result, stop, resourceClass } = ending;
  const elapsedMs = Math.round(ending.elapsedMs());
  if (resourceClass !== undefined) recordCompute(ending, resourceClass, elapsedMs);
  const ended: EndedData = {
    ...transcript.place,
    ...result,
    cancelled: isCancelled(stop, result),
    elapsedMs,
    endedAt: transcript.now(),
  };
  await transcript.end(ended);
}

/** What had succeeded before it heard of the request counts as a success. */
export function isCancelled(stop: StopSwitch, { outcome }: StepResult): boolean {
  return stop.cause === 'cancelled' && outcome !== 'SUCCESS';
}

function recordCompute({ transcript, history }: AttemptEnding, resourceClass: string, milliseconds: number): void {
  const usageId = `${transcript.place.attemptId}.compute`;
  if (history.usageIds.has(usageId)) return;
  transcript.add(
    UsageRecorded({
      ...transcript.place,
      usageId,
      usage: { kind: 'compute', resourceClass, milliseconds },
      at: transcript.now(),
    }),
  );
}
