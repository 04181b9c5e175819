import type { ProfileDefinition, ToolName } from '@runledger/contracts';
import type { AttemptEntry } from '../attempt/attempt.decider.js';
import type { AttemptHistory } from '../attempt/attempt-history.js';
import type { ReadyAttempt } from '../attempt/attempt-place.js';
import type { StepResult } from '../attempt/step-run.js';
import type { DriverPolicy } from '../driver/local-drivers.js';
import type { StopCause } from '../attempt/stop-switch.js';
import type { WireFault } from './line-channel.js';

/** What a runner is to do. Lies in its directory as `spec.json`: no secret is in it. */
export interface RunnerSpec {
  readonly attempt: ReadyAttempt;
  /** Of the owner for whom the runner was begun; names what it records, also for the owners that come after (E1). */
  readonly epoch: number;
  readonly profile: ProfileDefinition;
  readonly machine: RunnerMachine;
  readonly asking: readonly ToolName[];
  /** Of the step's time-out, in ms, when it begins. Its own time counts whether or not anybody is attached. */
  readonly remainingMs: number;
  readonly limits: RunnerLimits;
}

/** Where and how sandboxes are opened. */
export interface RunnerMachine extends DriverPolicy {
  readonly homeDir: string;
}

export interface RunnerLimits {
  /** Most that lies in the spool unheard; whoever writes more has to wait. */
  readonly spoolBytes: number;
  /** Most that one call of a model may take. */
  readonly modelCallMs: number;
  /** How long an agent that is a program of its own is kept waiting for people. */
  readonly holdMs: number;
  /** How long it goes on with nobody attached, in ms; 0: until its step's time-out. */
  readonly aloneMs: number;
}

/** The order to begin: the spec, and what earlier owners did, which may be long. */
export interface BeginOrder {
  readonly spec: RunnerSpec;
  readonly history: StoredHistory;
}

/** How the work of a runner ended, as `exit.json` keeps it. */
export type RunnerEnd =
  | { readonly kind: 'result'; readonly result: StepResult }
  /** The attempt is left until people have answered this call. */
  | { readonly kind: 'waits'; readonly callId: string }
  | { readonly kind: 'paused' }
  /** It was told to leave the attempt to somebody else. */
  | { readonly kind: 'left' }
  | { readonly kind: 'fault'; readonly fault: WireFault };

export interface RunnerExit {
  readonly end: RunnerEnd;
  /** Of the last batch in the spool; 0 when there is none. */
  readonly lastSeq: number;
}

/** One batch of entries as the runner counts them, from 1. */
export interface SpooledBatch {
  readonly seq: number;
  readonly entries: readonly AttemptEntry[];
}

/** What the service asks of a runner. `take` answers the batch after `after`, as soon as there is one; it acknowledges `after`. */
export interface RunnerOps {
  readonly begin: BeginOrder;
  readonly attach: { readonly epoch: number };
  readonly take: { readonly after: number };
  readonly stop: { readonly cause: StopCause; readonly force: boolean };
  readonly pause: undefined;
  /** Ends the process: everything was heard. */
  readonly bye: undefined;
}

export type Taken = SpooledBatch | { readonly end: RunnerEnd };

/** What a runner asks of the service: a method of one of the attempt's ports. Asked again of whoever attaches next. */
export interface PortCall {
  readonly port: string;
  readonly method: string;
  readonly args: readonly unknown[];
}

type Listed<Value> =
  Value extends Map<infer Key, infer Member> ? [Key, Member][] : Value extends Set<infer Member> ? Member[] : Value;

/** An {@link AttemptHistory} as JSON. */
export type StoredHistory = { readonly [Name in keyof AttemptHistory]: Listed<AttemptHistory[Name]> };

export function storedHistory(history: AttemptHistory): StoredHistory {
  const listed = Object.entries(history).map(([name, value]: [string, unknown]) => [
    name,
    value instanceof Map || value instanceof Set ? [...(value as Iterable<unknown>)] : value,
  ]);
  return Object.fromEntries(listed) as StoredHistory;
}

export function historyOf(stored: StoredHistory): AttemptHistory {
  const { agentTurns, agentSessions, calls, asks, autoResolved, entryIds, saidChars, thoughtChars } = stored;
  const { usageIds, artifactIds, snapshots } = stored;
  return {
    ...stored,
    agentTurns: new Map(agentTurns),
    agentSessions: new Map(agentSessions),
    calls: new Map(calls),
    asks: new Map(asks),
    autoResolved: new Set(autoResolved),
    entryIds: new Set(entryIds),
    saidChars: new Map(saidChars),
    thoughtChars: new Map(thoughtChars),
    usageIds: new Set(usageIds),
    artifactIds: new Set(artifactIds),
    snapshots: new Set(snapshots),
  };
}
