/** What is to happen later, once. */
export interface Timer {
  /** Unique in the service, over all tenants: put the id in it, as in `gate-timeout:<gate>`. At most 500 characters. */
  readonly name: string;
  /** What kind of thing is due; a process of the service must have a handler for it. */
  readonly kind: string;
  readonly tenant: string;
  /** Anything that JSON holds. Never a secret. */
  readonly payload: unknown;
}

/**
 * When it is due, by the clock of the database. Prefer `dueAt`, reckoned from what has happened: a reaction that is repeated
 * then sets the same timer, and its firing has its effect once (R1). `afterMs` counts from now and moves with each call.
 */
export type DueTime =
  { readonly dueAt: string; readonly afterMs?: never } | { readonly afterMs: number; readonly dueAt?: never };

export type NewTimer = Timer & DueTime;

/** Timers that outlive every process. */
export interface Timers {
  /** A timer of this name is replaced; the same one set again changes nothing. */
  set(timer: NewTimer): Promise<void>;
  /** Nothing happens when there is none. One that is firing at this moment may still take effect: its decider has to know. */
  cancel(name: string): Promise<void>;
}

/** A timer that is due, given to its handler. */
export interface Firing extends Timer {
  /** UUID that derives from name and due time: however often this firing is repeated, it is the same (R1). */
  readonly id: string;
  /** ISO 8601 UTC, in milliseconds: when it was to fire. */
  readonly dueAt: string;
  /** ISO 8601 UTC by the clock of the database: when it did. */
  readonly firedAt: string;
  /** From 1: how often it was begun. */
  readonly attempt: number;
}

/**
 * A kind of timer and what is done when one is due. The handler sends a command whose id is the firing's (`firingContext`) and
 * is called at least once: again after a crash, after a fault, and, when it takes longer than its lease, beside itself.
 */
export interface TimerKind {
  readonly kind: string;
  readonly handle: (firing: Firing) => Promise<void>;
}

export function defineTimer(kind: string, handle: TimerKind['handle']): TimerKind {
  return { kind, handle };
}

/** Timers whose firings are handled in this process, shared with all others that handle the same service's. */
export interface TimerHost extends Timers {
  /** From now on timers of these kinds fire here; others wait for a process that knows them. Call it once. */
  start(kinds: readonly TimerKind[]): Promise<void>;
  /** Takes no more, and resolves when what has begun has ended. May be called again, and without a start. */
  stop(): Promise<void>;
  standing(): Promise<TimerStanding>;
}

/** How the timers of a service stand, over all processes. */
export interface TimerStanding {
  /** That are due and that nobody has begun. */
  readonly due: number;
  /** How late the latest of them is; 0 when none is due. */
  readonly lagMs: number;
  /** Whose handler failed for good: they wait for a person. */
  readonly parked: number;
}

/** Told what becomes of firings, to be counted. */
export interface TimerObserver {
  fired(kind: string, lateMs: number): void;
  failed(kind: string, outcome: 'retried' | 'parked'): void;
}
