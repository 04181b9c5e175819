import type {
  AttemptEnded,
  BlockCause,
  GateDecision,
  Json,
  RunCancelRequested,
  RunDeclined,
  RunReopened,
  RunStarted,
} from '@runledger/contracts';
import type { RunActor } from './run-state.js';

type Ended = ReturnType<typeof AttemptEnded>['data'];
type CancelRequested = ReturnType<typeof RunCancelRequested>['data'];

interface Command<Type extends string, Data> {
  readonly type: Type;
  readonly data: Data;
}

/** Who asks, and when. */
interface Asked {
  readonly by: RunActor;
  readonly at: string;
}

/** Something about one attempt. */
interface OfAttempt {
  readonly step: string;
  readonly attempt: number;
  readonly at: string;
}

/** Starts a run whose request was found good: parameters valid, version pinned, choices resolved. */
export type StartRun = Command<'StartRun', ReturnType<typeof RunStarted>['data']>;

/** Writes down that a start was declined. */
export type DeclineRun = Command<'DeclineRun', ReturnType<typeof RunDeclined>['data']>;

/** A sandbox has ended an attempt. */
export type RecordAttemptEnded = Command<
  'RecordAttemptEnded',
  OfAttempt & Pick<Ended, 'outcome' | 'cancelled' | 'summary' | 'output' | 'error'>
>;

/** The worker of an attempt is gone. */
export type RecordInterruption = Command<'RecordInterruption', OfAttempt & { readonly reason: string }>;

/** A worker has taken an attempt up that had lost its own. */
export type RecordReattachment = Command<'RecordReattachment', OfAttempt & { readonly worker: string }>;

/** An attempt cannot go on without something from outside: found by whoever watches over it. */
export type BlockStep = Command<'BlockStep', OfAttempt & { readonly cause: BlockCause }>;

/** Nothing was heard of an attempt since `since`, and that for `limitMs` or longer. */
export type RecordSilence = Command<'RecordSilence', OfAttempt & { readonly since: string; readonly limitMs: number }>;

/** Something was heard of an attempt. */
export type RecordSignOfLife = Command<'RecordSignOfLife', OfAttempt>;

/** The wait before a retry is over. */
export type StartRetry = Command<'StartRetry', OfAttempt>;

/** People decided at a gate, or its deadline did. `gateId` is the id of their approval request. */
export type ResolveGate = Command<
  'ResolveGate',
  Asked & {
    readonly step: string;
    readonly gateId: string;
    readonly decision: GateDecision;
    readonly comment?: string | undefined;
  }
>;

/** Someone wants the run stopped. Asking again with FORCE is an escalation; asking again otherwise changes nothing. */
export type RequestCancel = Command<'RequestCancel', Asked & Pick<CancelRequested, 'mode'>>;

/** The sandbox has had its time to stop what executes. */
export type EnforceCancel = Command<'EnforceCancel', { readonly at: string }>;

export type PauseRun = Command<'PauseRun', Asked & { readonly reason?: string | undefined }>;

/** A call of a step does not fit into a budget. */
export type HoldForBudget = Command<'HoldForBudget', OfAttempt & { readonly reason: string }>;

/** `behind`: the run whose turn it is, where this one would have to wait for its own. */
export type ResumeRun = Command<'ResumeRun', Asked & { readonly behind?: string | undefined }>;

/** Tries a failed run again in its own stream; `parameters` and `flow` when they change. */
export type RetryRun = Command<
  'RetryRun',
  Asked & {
    readonly from: 'FAILED_STEP' | 'BEGINNING';
    readonly parameters?: Record<string, Json> | undefined;
    readonly flow?: ReturnType<typeof RunReopened>['data']['flow'];
  }
>;

export type RetryStep = Command<
  'RetryStep',
  Asked & { readonly step: string; readonly instructions?: string | undefined }
>;
export type SkipStep = Command<'SkipStep', Asked & { readonly step: string; readonly comment?: string | undefined }>;
export type ForceAdvance = Command<
  'ForceAdvance',
  Asked & { readonly step: string; readonly comment?: string | undefined }
>;
export type DiscardRun = Command<'DiscardRun', Asked & { readonly reason?: string | undefined }>;

export type SteeringCommand = PauseRun | ResumeRun | RetryRun | RetryStep | SkipStep | ForceAdvance | DiscardRun;

export type RunCommand =
  | StartRun
  | DeclineRun
  | RecordAttemptEnded
  | RecordInterruption
  | RecordReattachment
  | BlockStep
  | RecordSilence
  | RecordSignOfLife
  | StartRetry
  | ResolveGate
  | RequestCancel
  | EnforceCancel
  | HoldForBudget
  | SteeringCommand;
