import { RetryableError } from '@runledger/kernel';
import { OwnershipLostError } from './attempt-errors.js';
import { diskFull } from './disk-full.js';
import type { StepResult } from './step-run.js';

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
const MOST_FAULTS = 5;

const READ_LOG = 'Read the log of the sandbox service, then retry the step.';
const MAKE_ROOM =
  'Let the operator make room on the disk that holds RUNLEDGER_HOME (the log of the sandbox service names the file), then resume the run.';

interface Setback {
  readonly until: number;
  readonly lengthMs: number;
  readonly faults: number;
  readonly error: unknown;
}

/** How an attempt ends that the platform could not execute. */
export type GivenUp = Required<Pick<StepResult, 'outcome' | 'error'>>;

/**
 * Attempts that stopped on a fault of the platform. Each waits a little longer every time before it is taken up again. What may
 * pass by itself is waited out for ever; other faults end the attempt after a few times, so that its run does not hang (R4).
 * A full disk may pass, but not without somebody who hears of it: the attempt ends too, and its run can be resumed.
 */
export class Setbacks {
  readonly #setbacks = new Map<string, Setback>();

  /** Answers for how long the attempt rests, in ms. */
  add(key: string, error: unknown, nowMs: number): number {
    const last = this.#setbacks.get(key);
    const lengthMs = last ? Math.min(LONGEST_PAUSE_MS, last.lengthMs * 2) : FIRST_PAUSE_MS;
    const passes = error instanceof RetryableError || error instanceof OwnershipLostError;
    const faults = (last?.faults ?? 0) + (passes ? 0 : 1);
    this.#setbacks.set(key, { until: nowMs + lengthMs, lengthMs, faults, error });
    return lengthMs;
  }

  rests(key: string, nowMs: number): boolean {
    return (this.#setbacks.get(key)?.until ?? 0) > nowMs;
  }

  /** Why the attempt is to be given up; undefined while it may be tried again. */
  verdict(key: string): GivenUp | undefined {
    const setback = this.#setbacks.get(key);
    if (!setback || setback.faults < MOST_FAULTS) return undefined;
    const full = diskFull(setback.error);
    if (full) return { outcome: 'BLOCKED', error: { code: full.code, message: full.message, fix: MAKE_ROOM } };
    const reason = setback.error instanceof Error ? setback.error.message : String(setback.error);
    const message = `The platform could not execute this attempt, ${setback.faults} times. The last time: ${reason}`;
    return { outcome: 'ERROR', error: { code: 'PLATFORM_FAULT', message, fix: READ_LOG } };
  }

  forget(key: string): void {
    this.#setbacks.delete(key);
  }
}
