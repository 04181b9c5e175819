import type {
  AttemptOutcome,
  BlockCause,
  GateReached,
  Json,
  RunCancelled,
  RunRejected,
  StepError,
  StepResultData,
} from '@runledger/contracts';
import type { RunPlan } from './run-plan.js';
import type { StepTable } from './step-table.js';

type Rejected = ReturnType<typeof RunRejected>['data'];
export type RunActor = ReturnType<typeof RunCancelled>['data']['by'];
export type GatePosition = ReturnType<typeof GateReached>['data']['position'];

/** What a step remembers whatever becomes of it. */
export interface StepMemory {
  /** Its last attempt; 0: none yet. The next one is one more. */
  readonly attempt: number;
  /** Attempts in a row that the flow itself wanted: automatic retries are counted by this. */
  readonly tries: number;
  /** How often it came to a gate: each gate is asked about under its own id. */
  readonly asked: number;
  /** Its gate before is behind it and is not asked again. */
  readonly passed: boolean;
}

/** How far one step is. An attempt goes forward only; going back is a new attempt or a reopened run. */
export type StepStanding =
  | {
      readonly status: 'pending';
      readonly openNeeds: number;
      readonly changes?: RequestedChanges | undefined;
      /** Instead of the flow's, for its next attempt. */
      readonly instructions?: string | undefined;
    }
  | {
      readonly status: 'waiting';
      readonly gateId: string;
      readonly position: GatePosition;
      readonly result: StepResultData | undefined;
      /** Who skipped or force-advanced it, as `answerKey` names them; what that decides is on its way. */
      readonly answered: readonly string[];
    }
  | {
      readonly status: 'executing';
      /** Its worker is gone. */
      readonly interrupted: boolean;
      /** Nothing was heard of it for too long: to people it is blocked until something is. */
      readonly silent: boolean;
    }
  | { readonly status: 'retrying'; readonly dueAt: string }
  | { readonly status: 'blocked'; readonly cause: BlockCause }
  | {
      readonly status: 'completed';
      readonly outcome: AttemptOutcome;
      readonly summary: string | undefined;
      readonly output: Json | undefined;
    }
  | {
      readonly status: 'failed';
      readonly outcome: 'ERROR' | 'BLOCKED';
      readonly error: StepError;
      readonly handled: boolean;
    }
  | { readonly status: 'skipped'; readonly notTaken: boolean }
  | { readonly status: 'cancelled' };

export type StepProgress = StepMemory & StepStanding;
export type StepStatus = StepProgress['status'];

/** What people at a review want done otherwise. */
export interface RequestedChanges {
  readonly comment: string;
  readonly by: RunActor;
}

/** Why no further step starts. The run ends so as soon as nothing of it executes. */
export type Closing =
  | { readonly as: 'failed'; readonly step: string; readonly error: StepError }
  | { readonly as: 'rejected'; readonly data: Omit<Rejected, 'rejectedAt' | 'runId'> }
  | {
      readonly as: 'cancelled';
      readonly by: RunActor;
      readonly mode: 'GRACEFUL' | 'FORCE';
      readonly stopBy: string | undefined;
    };

/** Why no step starts until someone resumes the run. */
export interface Pause {
  readonly cause: 'OPERATOR' | 'STEP_FAILED' | 'QUEUE' | 'BUDGET';
  readonly step: string | undefined;
}

/** Everything that is known of a run that was started, whether or not it has ended. */
export interface RunFacts {
  readonly plan: RunPlan;
  readonly requestHash: string;
  readonly steps: StepTable<StepProgress>;
  /** How many steps are in each state; a failure that was handled does not count as one. */
  readonly counts: Readonly<Record<StepStatus, number>>;
  /** Pending steps whose needs are all done. */
  readonly startable: number;
  /** Executing steps whose worker is gone. */
  readonly interrupted: number;
  /** Executing steps of which nothing is heard. */
  readonly silent: number;
  readonly closing: Closing | undefined;
  readonly paused: Pause | undefined;
  /** Who had it go on after its end: steps that begin from then on have their rights. */
  readonly reopenedBy: RunActor | undefined;
}

export interface RunningRun extends RunFacts {
  readonly status: 'running';
}

export interface EndedRun extends RunFacts {
  readonly status: 'ended';
  readonly as: 'completed' | 'failed' | 'rejected' | 'cancelled';
  /** Nothing resumes it. */
  readonly discarded: boolean;
}

export type KnownRun = RunningRun | EndedRun;
export type Run = { readonly status: 'absent' } | { readonly status: 'declined' } | KnownRun;

/** Steps that have not ended and are not waiting for their turn. */
export function underWay({ counts }: RunFacts): number {
  return counts.executing + counts.waiting + counts.blocked + counts.retrying;
}

/** Steps that have not ended in any way. */
export function openSteps(run: RunFacts): number {
  return underWay(run) + run.counts.pending;
}

/** Those that need it may start. */
export function isDone(step: StepStanding | undefined): boolean {
  return step?.status === 'completed' || step?.status === 'skipped' || (step?.status === 'failed' && step.handled);
}

/** Executing, as far as is known, although nothing is heard of it. */
export function isSilent(step: StepStanding | undefined): boolean {
  return step?.status === 'executing' && step.silent;
}

/** A pending step that may start now. */
export function isStartable(step: StepStanding | undefined): boolean {
  return step?.status === 'pending' && step.openNeeds === 0;
}

/** Force answers a gate for everybody, a skip for one member. */
export function answerKey({
  verb,
  by,
}: {
  readonly verb: 'SKIP' | 'FORCE_ADVANCE';
  readonly by: { readonly id: string };
}) {
  return verb === 'SKIP' ? `${verb} ${by.id}` : verb;
}

export function stepOf(run: RunFacts, key: string): StepProgress | undefined {
  const index = run.plan.indexOf.get(key);
  return index === undefined ? undefined : run.steps.at(index);
}
