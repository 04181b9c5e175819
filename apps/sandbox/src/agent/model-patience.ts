import { setTimeout as delay } from 'node:timers/promises';
import type { AgentWork, StepError } from '@runledger/contracts';
import { AwaitingTimeError } from '../attempt/people.js';
import type { StepResult, StepRun } from '../attempt/step-run.js';
import { prefixOf } from './agent-run.js';
import type { ModelFault, ModelFaultCode } from './model-fault.js';
import type { AbortedCall, FailedCall } from './model-turn.js';
import type { OpenedModel } from './providers.js';

const REST = 'rest.';

/** How long the faults of a provider are waited out. */
export interface Patience {
  /** How often a call is made again after each kind of fault. */
  readonly retries: Readonly<Record<'rate_limited' | 'overloaded' | 'connection_lost', number>>;
  /** The first pause; each further one is twice as long. */
  readonly firstPauseMs: number;
  /** A longer pause is not slept through: the attempt is put down, holds no worker, and is taken up when the time has come. */
  readonly longestSleepMs: number;
  /** A longer pause, also one that the provider asks for, is not waited for. */
  readonly longestPauseMs: number;
}

export const DEFAULT_PATIENCE: Patience = {
  retries: { rate_limited: 8, overloaded: 6, connection_lost: 3 },
  firstPauseMs: 2_000,
  longestSleepMs: 60_000,
  longestPauseMs: 86_400_000,
};

/** Makes the call again as long as its fault may pass; every pause is told in the transcript and ends when the attempt stops. */
export async function persistently<Done extends { readonly status: 'finished' }>(
  patience: Patience,
  run: StepRun,
  call: () => Promise<Done | FailedCall | AbortedCall>,
): Promise<Done | FailedCall | AbortedCall> {
  const failures = new Map<ModelFaultCode, number>();
  for (;;) {
    const outcome = await call();
    if (outcome.status !== 'failed') return outcome;
    const { fault } = outcome;
    const failed = (failures.get(fault.code) ?? 0) + 1;
    failures.set(fault.code, failed);
    const pauseMs = pauseAfter(patience, fault, failed);
    if (pauseMs === undefined) return outcome;
    if (pauseMs > patience.longestSleepMs) {
      if (restsOf(run) >= patience.retries.rate_limited) return outcome;
      await putDown(run, fault, pauseMs);
    }
    if (pauseMs >= run.remainingMs()) return outcome;
    tell(run, fault, pauseMs);
    if (!(await pause(pauseMs, run.stop.signal))) return { status: 'aborted', usage: undefined };
  }
}

function pauseAfter(patience: Patience, fault: ModelFault, failed: number): number | undefined {
  if (fault.code !== 'rate_limited' && fault.code !== 'overloaded' && fault.code !== 'connection_lost')
    return undefined;
  if (failed > patience.retries[fault.code]) return undefined;
  const own = Math.min(patience.firstPauseMs * 2 ** (failed - 1), 60_000);
  const pauseMs = Math.max(own, fault.retryAfterMs ?? 0);
  return pauseMs > patience.longestPauseMs ? undefined : pauseMs;
}

function tell({ transcript, history }: StepRun, fault: ModelFault, pauseMs: number): void {
  const key = `${prefixOf(transcript.place)}pause.${history.epoch}.${history.entryIds.size}`;
  history.entryIds.add(key);
  transcript.note('InfoRecorded', key, `${fault.message} The call is made again in ${Math.ceil(pauseMs / 1_000)} s.`);
}

/** How often this attempt was put down before. */
function restsOf({ history }: StepRun): number {
  return [...history.entryIds].filter(id => id.includes(REST)).length;
}

/** The time of the step does not run meanwhile. Throws {@link AwaitingTimeError}. */
async function putDown(run: StepRun, fault: ModelFault, pauseMs: number): Promise<never> {
  const { transcript, history } = run;
  const until = new Date(Date.parse(transcript.now()) + pauseMs);
  const key = `${prefixOf(transcript.place)}${REST}${history.epoch}`;
  const text = `${fault.message} The attempt is put down and goes on at ${until.toISOString()}.`;
  transcript.note('InfoRecorded', key, text);
  await transcript.flush();
  throw new AwaitingTimeError(until);
}

async function pause(pauseMs: number, signal: AbortSignal): Promise<boolean> {
  try {
    await delay(pauseMs, undefined, { signal });
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}

export const FAULT_FIXES: Readonly<Partial<Record<ModelFaultCode, string>>> = {
  auth: 'Connect the integration again with a valid credential: the run goes on by itself.',
  quota: 'Add credit or quota at the provider, then resume the run.',
  rate_limited: 'Retry later, or ask the provider for a higher limit.',
  overloaded: 'Retry later.',
  connection_lost: 'Check that the provider can be reached from the platform, then retry.',
  context_overflow: 'Give the step less to read, or a model with a longer context.',
};

/** Only people can mend it, at the provider or in the integration. */
export function isForPeople(code: ModelFaultCode): boolean {
  return code === 'auth' || code === 'quota';
}

export interface AskedModel {
  readonly work: AgentWork;
  readonly opened: OpenedModel;
}

/** What only people can mend blocks the attempt; everything else is an error. */
export function modelFaultResult({ work, opened }: AskedModel, fault: ModelFault, turns: number): StepResult {
  const fix = FAULT_FIXES[fault.code];
  const blocked = isForPeople(fault.code);
  const error: StepError = {
    code: fault.code,
    message: `${work.provider}: ${fault.message}`,
    ...(fix === undefined ? {} : { fix }),
    ...(blocked && { needs: opened.connection?.name ?? work.provider }),
  };
  return { outcome: blocked ? 'BLOCKED' : 'ERROR', turns, error };
}
