import {
  ApprovalDecided,
  ApprovalEscalated,
  ApprovalJoined,
  ApprovalRequested,
  ApprovalWithdrawn,
  AttemptEnded,
  AttemptResumed,
  AttemptStarted,
  ChargeRecorded,
  ModelTurnEnded,
  runEvents,
  type AttemptOutcome,
  type ApprovalDecision,
  type BlockCause,
  type Json,
  type RunLineage,
  type StepError,
} from '@runledger/contracts';
import type { EventOf } from '@runledger/kernel';
import type { CostSum, CostSums } from './cost-sums.js';

/** The events that a run's row is folded from. They all carry the run's id as their correlation id. */
export const runViewEvents = [
  ...runEvents,
  AttemptStarted,
  AttemptResumed,
  ModelTurnEnded,
  AttemptEnded,
  ApprovalRequested,
  ApprovalJoined,
  ApprovalEscalated,
  ApprovalDecided,
  ApprovalWithdrawn,
  ChargeRecorded,
] as const;
export type RunViewEvent = EventOf<typeof runViewEvents>;

export type RunStatus =
  'PENDING' | 'RUNNING' | 'PAUSED' | 'BLOCKED' | 'INTERRUPTED' | 'COMPLETED' | 'FAILED' | 'REJECTED' | 'CANCELLED';

export type StepState =
  'PENDING' | 'RUNNING' | 'WAITING' | 'COMPLETED' | 'FAILED' | 'BLOCKED' | 'SKIPPED' | 'CANCELLED';

export type Started = Extract<RunViewEvent, { type: 'RunStarted' }>['data'];
export type ViewActor = Started['startedBy'];

/** How many steps of a run there are of a kind: enough to say where the run stands, however many they are. */
export interface RunTally {
  readonly states: Readonly<Record<StepState, number>>;
  /** Executing ones whose worker is gone. */
  readonly interrupted: number;
  /** All but those that nothing has happened to yet. */
  readonly begun: number;
  /** Model turns of all attempts. */
  readonly turns: number;
}

/** What is known of one run without its steps, as plain JSON of about constant size: equal events give equal bytes (P2). */
export interface RunFacts {
  readonly id: string;
  readonly workspaceId: string;
  readonly flowId: string;
  readonly flowSlug: string;
  readonly flowName: string;
  readonly flowVersion: number;
  readonly onlyStep?: string;
  readonly status: RunStatus;
  /** Of an ended run; why one is held up is said by the step that holds it up, see `explained`. */
  readonly statusReason?: string;
  readonly startedBy: ViewActor;
  readonly trigger: Started['trigger'];
  readonly subject?: Started['subject'];
  readonly parameters: Started['parameters'];
  readonly choices: Started['choices'];
  readonly startedAt: string;
  readonly endedAt?: string;
  readonly cancel?: {
    readonly mode: 'GRACEFUL' | 'FORCE';
    readonly by: ViewActor;
    readonly at: string;
    readonly stopBy?: string;
  };
  readonly lineage?: RunLineage;
  /** By an operator, or because a step failed whose flow pauses then. */
  readonly paused?: {
    readonly by: ViewActor;
    readonly at: string;
    readonly reason?: string;
    readonly step?: string;
    /** Nothing has begun: its turn among runs with the same concurrency key has not come. */
    readonly queued?: true;
    /** A call does not fit into a budget. */
    readonly budget?: true;
  };
  /** Put away: nothing resumes it. */
  readonly discarded?: { readonly by: ViewActor; readonly at: string };
  /** Key of the first step of the flow. */
  readonly firstStep: string;
  readonly tally: RunTally;
  readonly costs: CostSums;
  /** Of the last event folded in, decimal. */
  readonly position: string;
  /** When that event happened. */
  readonly updatedAt: string;
}

/** A run with those of its steps that are at hand: to fold in an event, those that it is about; to show it, those that stand. */
export interface RunView extends RunFacts {
  readonly steps: readonly StepView[];
}

export interface StepView {
  readonly key: string;
  readonly number: number;
  readonly wave: number;
  readonly name: string;
  readonly kind: 'AGENT' | 'COMMAND' | 'FUNCTION' | 'GATE';
  readonly needs: readonly string[];
  /** Slug of the skill that its agent works with. */
  readonly skill?: string;
  /** Name of the function of the operator's that it calls. */
  readonly function?: string;
  readonly provider?: string;
  readonly model?: string;
  readonly state: StepState;
  readonly outcome?: AttemptOutcome;
  readonly summary?: string;
  readonly output?: Json;
  readonly error?: StepError;
  readonly endedAt?: string;
  readonly attempts: readonly AttemptView[];
  readonly gate?: GateView;
  /** What its agents ask people and wait for, oldest first; left out when nothing. */
  readonly asks?: readonly AskView[];
  /** Set while it is blocked. */
  readonly blocked?: BlockCause & { readonly since: string };
  /** When it is tried again, while it waits for that. */
  readonly retryAt?: string;
  /** Since when its worker is gone, until another one has taken it up. */
  readonly interruptedAt?: string;
  /** The run and the attempt that did it, when this run has its results from there. */
  readonly inherited?: { readonly runId: string; readonly attempt: number };
  /** Failed, and the flow went on another way. */
  readonly handled?: boolean;
  /** The sum of its charges; left out before the first. */
  readonly cost?: CostSum;
}

/** An open prompt or question of an agent. */
export interface AskView {
  readonly requestId: string;
  readonly kind: 'PERMISSION' | 'QUESTION';
  readonly message: string;
  readonly since: string;
  readonly until?: string;
  /** Members by id or e-mail address; empty: everybody with the scope. */
  readonly approvers: readonly string[];
  readonly excludesStarter: boolean;
}

export interface GateView extends Pick<AskView, 'requestId' | 'message' | 'until' | 'approvers' | 'excludesStarter'> {
  /** So many must approve. */
  readonly count: number;
  readonly reachedAt: string;
  /** Whether people can decide it yet: the request follows the gate. */
  readonly asked: boolean;
  readonly decision?: ApprovalDecision;
  /** Someone skipped the step or advanced it by force; the decision is on its way. */
  readonly answered?: boolean;
  readonly decidedBy?: ViewActor;
  readonly withdrawn?: boolean;
}

export interface AttemptView {
  readonly id: string;
  readonly number: number;
  readonly state: 'READY' | 'RUNNING' | 'ENDED';
  readonly readyAt: string;
  readonly timeoutMs: number;
  readonly startedAt?: string;
  readonly endedAt?: string;
  readonly elapsedMs?: number;
  readonly driver?: string;
  /** Name of the function that it calls; it then has no events of its own, and no transcript. */
  readonly function?: string;
  readonly resumptions: number;
  readonly turns: number;
  readonly outcome?: AttemptOutcome;
  readonly summary?: string;
  readonly error?: StepError;
  readonly exitCode?: number;
}

const ENDED: ReadonlySet<RunStatus> = new Set(['COMPLETED', 'FAILED', 'REJECTED', 'CANCELLED']);

export function hasEnded(view: Pick<RunView, 'status'>): boolean {
  return ENDED.has(view.status);
}
