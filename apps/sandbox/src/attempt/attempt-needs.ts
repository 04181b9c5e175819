import type { ProfileDefinition, StepError } from '@runledger/contracts';
import type { EventStore } from '@runledger/event-store';
import type { BlobStore } from '@runledger/platform';
import type { Sandbox, SandboxDriver } from '../driver/sandbox-driver.js';
import type { Credentials } from '../integrations/credentials.js';
import type { Claimer } from './attempt-claim.js';
import type { AttemptObserver } from './attempt-observer.js';
import type { Budget } from './budget.js';
import type { Flows } from './flows.js';
import type { IsolationWarnings } from './isolation-warnings.js';
import type { OpenAttempt } from './open-work.js';
import type { ReadyAttempt } from './attempt-place.js';
import type { People } from './people.js';
import type { Runners } from '../runner/runners.js';
import type { WorkspaceKeeper } from '../snapshot/workspace-keeper.js';
import type { RunSandboxes } from './run-sandboxes.js';
import type { StepResult, StepRun } from './step-run.js';

export interface PublishedProfile {
  readonly version: number;
  readonly definition: ProfileDefinition;
}

/** What executing attempts needs of the rest of the service. */
export interface AttemptHost extends Claimer {
  readonly store: EventStore;
  readonly blobs: BlobStore;
  readonly sandboxes: RunSandboxes;
  /** Left out: nobody watches. */
  readonly observer?: AttemptObserver;
  /** Left out: only the run says that its sandbox cannot be had. */
  readonly warnings?: IsolationWarnings;
  /** The profile as it is now; undefined when none was ever published under this slug. */
  profile(workspaceId: string, slug: string): Promise<PublishedProfile | undefined>;
  /** Brings the run's files here when another worker had the run; answers what the transcript should say of it. */
  bring?(open: OpenAttempt, driver: SandboxDriver): Promise<string | undefined>;
  /** What people say to agents; without it nobody answers. */
  readonly people: People;
  /** What an attempt may spend, until the signal aborts; left out: whatever it likes. */
  budget?(attempt: ReadyAttempt, signal: AbortSignal): Budget;
  /** How its agent starts other runs; left out: not at all. */
  flows?(attempt: ReadyAttempt, signal: AbortSignal): Flows;
  /** What the work may open in its workspace. */
  credentials(workspaceId: string): Credentials;
  /** What the step requires and its workspace has not; left out: nobody looks. */
  unmet?(attempt: ReadyAttempt): Promise<StepError | undefined>;
  /** Throws a fault when the operator did not allow the profile's isolation. */
  driver(profile: ProfileDefinition): SandboxDriver;
  /** Ranges of addresses that are not public and that sandboxes may reach where their profile lists the host. */
  readonly privateNetworks?: readonly string[];
  /** Clones and checks out what the profile asks for; `note` says it in the transcript. */
  setUp(sandbox: Sandbox, profile: ProfileDefinition, run: SetUpTools): Promise<void>;
  /** Keeps files between steps and brings them back. Left out: a run's files are gone with its sandbox. */
  readonly files?: WorkspaceKeeper;
  /** Puts the files that the step consumes into its workspace. Left out: nothing is consumed. */
  supply?(run: StepRun): Promise<void>;
  work(run: StepRun): Promise<StepResult>;
  /** Processes of their own that do the work of attempts; left out: all is done in this one. */
  readonly runners?: Runners;
  /** Keeps the declared files; adds `ArtifactStored` entries. */
  collect(run: StepRun): Promise<void>;
}

export interface SetUpTools {
  readonly workspaceId: string;
  readonly signal: AbortSignal;
  note(text: string): void;
}
