import type { AttemptOutcome, Json, ProfileDefinition, StepError, ToolName } from '@runledger/contracts';
import type { BlobStore } from '@runledger/platform';
import type { Sandbox } from '../driver/sandbox-driver.js';
import type { EgressRules } from '../egress/egress-policy.js';
import type { Credentials } from '../integrations/credentials.js';
import type { AttemptHistory } from './attempt-history.js';
import type { Budget } from './budget.js';
import type { Flows } from './flows.js';
import type { AttemptPlace, ReadyAttempt, ReadyStep } from './attempt-place.js';
import type { People } from './people.js';
import type { StopSwitch } from './stop-switch.js';
import type { Transcript } from './transcript.js';

/** Everything that the work of one attempt needs. */
export interface StepRun {
  readonly attempt: ReadyAttempt;
  readonly history: AttemptHistory;
  readonly transcript: Transcript;
  readonly sandbox: Sandbox;
  readonly profile: ProfileDefinition;
  /** What may be reached from the sandbox and on its behalf. */
  readonly egress: EgressRules;
  readonly blobs: BlobStore;
  readonly people: People;
  readonly budget: Budget;
  readonly flows: Flows;
  /** What the workspace has connected; asked at the moment of use. */
  readonly credentials: Credentials;
  /** Tools whose calls people have to allow. */
  readonly asking: readonly ToolName[];
  readonly stop: StopSwitch;
  /** Of the step's time-out, in ms; the time between a worker's death and the next one's start does not count. */
  remainingMs(): number;
}

/** How the work of an attempt ended. */
export interface StepResult {
  readonly outcome: AttemptOutcome;
  readonly turns: number;
  readonly summary?: string;
  readonly output?: Json;
  readonly error?: StepError;
  readonly exitCode?: number;
}

export function placeAndReady(run: StepRun): { readonly place: AttemptPlace; readonly ready: ReadyStep } {
  return { place: run.attempt.place, ready: run.attempt.ready };
}

export const CANCELLED: StepError = { code: 'CANCELLED', message: 'The run was cancelled.' };

export function timedOut(timeoutMs: number): StepError {
  return {
    code: 'TIMEOUT',
    message: `The step did not end within ${timeoutMs} ms and was stopped.`,
    fix: 'Give the step a longer timeout, or less to do.',
  };
}
