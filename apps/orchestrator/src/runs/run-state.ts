import type { AttemptOutcome, Json, RunCancelled, RunRejected, StepError } from '@runledger/contracts';
import type { RunPlan } from './run-plan.js';
import type { StepTable } from './step-table.js';

type Rejected = ReturnType<typeof RunRejected>['data'];
type Cancelled = ReturnType<typeof RunCancelled>['data'];

/** How far one step is. Forward only: no step comes back from an end. */
export type StepProgress =
  | { readonly status: 'pending'; readonly openNeeds: number }
  | { readonly status: 'waiting'; readonly gateId: string }
  | { readonly status: 'executing'; readonly attempt: number }
  | {
      readonly status: 'completed';
      readonly outcome: AttemptOutcome;
      readonly summary: string | undefined;
      readonly output: Json | undefined;
    }
  | { readonly status: 'failed' | 'skipped' | 'cancelled' };

/** Why no further step starts. The run ends so as soon as nothing of it executes. */
export type Closing =
  | { readonly as: 'failed'; readonly step: string; readonly error: StepError }
  | { readonly as: 'rejected'; readonly data: Omit<Rejected, 'rejectedAt' | 'runId'> }
  | { readonly as: 'cancelled'; readonly by: Cancelled['by']; readonly mode: 'GRACEFUL' | 'FORCE' };

export interface RunningRun {
  readonly status: 'running';
  readonly plan: RunPlan;
  readonly requestHash: string;
  readonly steps: StepTable<StepProgress>;
  /** Steps that a sandbox was told to do and that have not ended. */
  readonly executing: number;
  /** Pending steps whose needs are all completed or skipped. */
  readonly startable: number;
  /** Steps that have not ended in any way. */
  readonly open: number;
  readonly closing: Closing | undefined;
}

export type Run =
  | { readonly status: 'absent' }
  | { readonly status: 'declined' }
  | RunningRun
  | {
      readonly status: 'ended';
      readonly as: 'completed' | 'failed' | 'rejected' | 'cancelled';
      readonly requestHash: string;
    };
