/** What the process of the double and its owner say to each other. Plain data: it goes through a pipe. */

export type DoubleMethod = 'append' | 'delete' | 'tombstone' | 'read' | 'subscribe' | 'batch-append';

/** What goes wrong with the next call of a method; each fault is used up by one call. */
export type DoubleFault =
  /** The call takes effect, then all connections break: nobody hears of it. */
  | { readonly on: DoubleMethod; readonly kind: 'lose-reply' }
  /** The answer comes later; what was asked is done at once, or only then. */
  | { readonly on: DoubleMethod; readonly kind: 'delay'; readonly ms: number; readonly done: 'before' | 'after' }
  /** Nothing is done, and the call fails with this gRPC status. */
  | { readonly on: DoubleMethod; readonly kind: 'fail'; readonly status: 'UNAVAILABLE' | 'CANCELLED' | 'INTERNAL' }
  | { readonly on: DoubleMethod; readonly kind: 'access-denied' }
  /** Nothing is done; the caller is sent to another node, or to this one again. */
  | { readonly on: DoubleMethod; readonly kind: 'not-leader'; readonly port?: number }
  /** A subscription first repeats so many events that lie at or before its position. */
  | { readonly on: 'subscribe'; readonly kind: 'redeliver'; readonly events: number }
  /** The call is never answered. */
  | { readonly on: DoubleMethod; readonly kind: 'silence' };

/** A certificate and its key, as PEM. */
export interface DoubleIdentity {
  readonly certificate: string;
  readonly key: string;
}

export interface DoubleUser {
  readonly name: string;
  readonly password: string;
}

/** One call that reached the double, in the order of arrival. */
export interface DoubleCall {
  readonly method: DoubleMethod;
  readonly stream?: string;
  readonly expected?: string;
  readonly ids?: readonly string[];
  readonly from?: string;
  readonly requiresLeader: boolean;
}

export interface RestartOptions {
  /** Time during which nothing listens. */
  readonly downMs?: number;
  /** So many of the last events are gone, as after a restore from an older copy. */
  readonly loseEvents?: number;
}

export type DoubleOrder =
  | { readonly id: number; readonly order: 'inject'; readonly faults: readonly DoubleFault[] }
  | { readonly id: number; readonly order: 'restart'; readonly options: RestartOptions }
  | { readonly id: number; readonly order: 'drop-subscriptions' }
  | { readonly id: number; readonly order: 'calls' };

export type DoubleReport =
  | { readonly listening: number }
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly failure: string };
