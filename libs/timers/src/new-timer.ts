import { canonicalJson } from '@runledger/kernel';
import type { NewTimer, TimerKind } from './port.js';
import { InvalidTimerError, TwoHandlersError } from './timer-errors.js';

const LONGEST_NAME = 500;

/** The payload as JSON text and the due time in milliseconds, absolute or from now. Throws {@link InvalidTimerError}. */
export interface CheckedTimer {
  readonly payload: string;
  readonly dueAt: string | undefined;
  readonly afterMs: number | undefined;
}

export function checkTimer(timer: NewTimer): CheckedTimer {
  const { name, kind, payload } = timer;
  if (name === '' || name.length > LONGEST_NAME)
    throw new InvalidTimerError(name, `a name has 1 to ${LONGEST_NAME} characters`);
  if (kind === '') throw new InvalidTimerError(name, 'it has no kind');
  return { payload: jsonOf(name, payload), dueAt: instantOf(timer), afterMs: delayOf(timer) };
}

function jsonOf(name: string, payload: unknown): string {
  try {
    return canonicalJson(payload);
  } catch (error) {
    throw new InvalidTimerError(name, (error as Error).message.replace(/\.$/, ''));
  }
}

function instantOf({ name, dueAt }: NewTimer): string | undefined {
  if (dueAt === undefined) return undefined;
  const ms = Date.parse(dueAt);
  if (Number.isNaN(ms)) throw new InvalidTimerError(name, `${dueAt} is no instant`);
  return new Date(ms).toISOString();
}

function delayOf({ name, afterMs }: NewTimer): number | undefined {
  if (afterMs === undefined) return undefined;
  if (!Number.isFinite(afterMs)) throw new InvalidTimerError(name, `${afterMs} ms is no time to wait`);
  return Math.max(0, Math.round(afterMs));
}

/** By the kind. Throws {@link TwoHandlersError}. */
export function handlersOf(kinds: readonly TimerKind[]): ReadonlyMap<string, TimerKind> {
  const handlers = new Map<string, TimerKind>();
  for (const kind of kinds) {
    if (handlers.has(kind.kind)) throw new TwoHandlersError(kind.kind);
    handlers.set(kind.kind, kind);
  }
  return handlers;
}
