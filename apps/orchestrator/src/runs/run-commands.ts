import type {
  ApprovalDecided,
  AttemptEnded,
  GateDecision,
  RunCancelRequested,
  RunDeclined,
  RunStarted,
} from '@runledger/contracts';

type Ended = ReturnType<typeof AttemptEnded>['data'];
type Decided = ReturnType<typeof ApprovalDecided>['data'];
type CancelRequested = ReturnType<typeof RunCancelRequested>['data'];

/** Starts a run whose request was found good: parameters valid, version pinned, choices resolved. */
export interface StartRun {
  readonly type: 'StartRun';
  readonly data: ReturnType<typeof RunStarted>['data'];
}

/** Writes down that a start was declined. */
export interface DeclineRun {
  readonly type: 'DeclineRun';
  readonly data: ReturnType<typeof RunDeclined>['data'];
}

/** A sandbox has ended an attempt. */
export interface RecordAttemptEnded {
  readonly type: 'RecordAttemptEnded';
  readonly data: Pick<Ended, 'step' | 'attempt' | 'outcome' | 'cancelled' | 'summary' | 'output' | 'error'> & {
    readonly at: string;
  };
}

/** People decided at a gate. `gateId` is the id of their approval request. */
export interface ResolveGate {
  readonly type: 'ResolveGate';
  readonly data: Pick<Decided, 'step' | 'by' | 'comment'> & {
    readonly decision: GateDecision;
    readonly gateId: string;
    readonly at: string;
  };
}

/** Someone wants the run stopped. Asking again with FORCE is an escalation; asking again otherwise changes nothing. */
export interface RequestCancel {
  readonly type: 'RequestCancel';
  readonly data: Pick<CancelRequested, 'mode' | 'by'> & { readonly at: string };
}

export type RunCommand = StartRun | DeclineRun | RecordAttemptEnded | ResolveGate | RequestCancel;
