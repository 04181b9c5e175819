import { randomUUID } from 'node:crypto';
import { timeLimited } from '@runledger/event-store';
import type { PartitionLease, SharedCheckpoints, Standing } from '@runledger/event-store';
import { RetryableError } from '@runledger/kernel';
import { SILENT } from '../consumer-log.js';
import type { ConsumerLog } from '../consumer-log.js';
import { DEFAULT_RETRY, retrying } from '../retry.js';
import type { RetryPolicy } from '../retry.js';
import type { Claimant, Seat } from './claimant.js';
import { Holding } from './holding.js';

export interface LeasesOptions {
  /** Names this process, for people; each of its lives among the others has a name of its own. */
  readonly owner: string;
  /**
   * `sole` (default): this process is the only one of its kind. It takes everything at once, fencing whoever had it, and
   * what is taken from it is lost for good. `shared`: it takes its fair share beside others.
   */
  readonly sharing?: 'sole' | 'shared';
  /** How long a process that fell silent keeps what it has; default 4,000, 300,000 at most. */
  readonly ttlMs?: number;
  /** Default 1,000. */
  readonly heartbeatMs?: number;
  readonly retry?: Partial<RetryPolicy>;
  readonly logger?: ConsumerLog;
}

/**
 * The partitions that this process has of all its consumers, kept by one heartbeat.
 *
 * L3 One heartbeat at a time, and what was given up is set free before it: so what it finds is what this process may have.
 * L4 What was found counts from the moment that the heartbeat was sent, by a clock that goes on while the process is
 *    stopped: it is over here before it is over for the others.
 */
export class Leases {
  readonly #holdings = new Map<string, Holding>();
  readonly #log: ConsumerLog;
  readonly #ttlMs: number;
  readonly #heartbeatMs: number;
  readonly #ending = new AbortController();
  readonly #waiting = new Set<() => void>();
  #member: string;
  #joined = false;
  #validUntil = 0;
  #last: Promise<void> = Promise.resolve();
  /** Asked for and not yet sent. */
  #next: Promise<void> | undefined;
  #queued = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly checkpoints: Pick<SharedCheckpoints, 'partitions'>,
    private readonly options: LeasesOptions,
  ) {
    this.#log = options.logger ?? SILENT;
    this.#ttlMs = options.ttlMs ?? 4_000;
    this.#heartbeatMs = options.heartbeatMs ?? 1_000;
    this.#member = this.#newLife();
  }

  /**
   * Takes part in a consumer's work. Resolves when it is known which partitions this process has at first, which may be none.
   * Throws `LogBehindError` when the consumer's checkpoints do not fit the log.
   */
  async join(claimant: Claimant): Promise<Seat> {
    const key = `${claimant.consumer}@${claimant.version}`;
    if (this.#holdings.get(key)?.left === false)
      throw new TypeError(`${key} takes part already in this process; names are unique.`);
    const holding = this.#newHolding(claimant);
    this.#holdings.set(key, holding);
    const tries = { policy: { ...DEFAULT_RETRY, ...this.options.retry }, signal: this.#ending.signal };
    try {
      const { consumer, version, parts } = claimant;
      await retrying(() => this.checkpoints.partitions.prepare(consumer, version, parts), tries);
      holding.prepared = true;
      await retrying(() => this.#beat(), tries);
      return holding;
    } catch (error) {
      this.#holdings.delete(key);
      throw error;
    }
  }

  /** Gives up everything; consumers have left their seats before. */
  async stop(): Promise<void> {
    this.#ending.abort();
    clearTimeout(this.#timer);
    await Promise.all([...this.#holdings.values()].map(holding => holding.leave()));
    await this.#last;
    clearTimeout(this.#timer);
  }

  #newHolding(claimant: Claimant): Holding {
    return new Holding(claimant, {
      sharing: this.options.sharing ?? 'sole',
      log: this.#log,
      isValid: () => performance.now() < this.#validUntil,
      whenValid: signal => this.#whenValid(signal),
      hurry: () => this.#hurry(),
      leave: () => this.#beat().catch((error: unknown) => this.#leftUncleanly(claimant, error)),
    });
  }

  #newLife(): string {
    return `${this.options.owner}/${randomUUID().slice(0, 8)}`;
  }

  async #whenValid(signal: AbortSignal): Promise<void> {
    while (performance.now() >= this.#validUntil && !signal.aborted) {
      this.#hurry();
      await new Promise<void>(resolve => {
        const done = () => {
          signal.removeEventListener('abort', done);
          this.#waiting.delete(done);
          resolve();
        };
        this.#waiting.add(done);
        signal.addEventListener('abort', done);
      });
    }
  }

  /** After the one under way (L3). Whoever asks for one before it is sent shares it: a process takes part with dozens of consumers at once. */
  #beat(): Promise<void> {
    return (this.#next ??= this.#beatAfterLast());
  }

  #beatAfterLast(): Promise<void> {
    const beat = this.#last.then(() => {
      this.#next = undefined;
      return this.#beatNow();
    });
    this.#last = beat.then(
      () => this.#schedule(this.#heartbeatMs),
      (error: unknown) => {
        this.#log.warn({ member: this.#member, err: error }, 'the heartbeat failed; it is sent again');
        this.#schedule(this.#heartbeatMs / 4);
      },
    );
    return beat;
  }

  #hurry(): void {
    if (this.#queued || this.#ending.signal.aborted) return;
    this.#queued = true;
    this.#beat().then(
      () => (this.#queued = false),
      // It was told where it failed, and is sent again.
      () => (this.#queued = false),
    );
  }

  #schedule(delayMs: number): void {
    clearTimeout(this.#timer);
    if (this.#ending.signal.aborted || this.#holdings.size === 0) return;
    this.#timer = setTimeout(() => this.#hurry(), delayMs * (0.9 + Math.random() / 5));
    this.#timer.unref();
  }

  async #beatNow(): Promise<void> {
    await this.#setFree();
    const holdings = [...this.#holdings.values()].filter(({ prepared }) => prepared);
    if (holdings.length === 0) return this.#depart();
    const sentAt = performance.now();
    const moved = new Map(holdings.map(holding => [holding, holding.claimant.moved?.() ?? []]));
    const standings = await this.#send(holdings);
    if (standings) {
      this.#joined = true;
      this.#validUntil = sentAt + this.#ttlMs; // L4
      for (const [holding, places] of moved) this.#apply(holding, standings, places);
    } else this.#buried(holdings);
    for (const done of [...this.#waiting]) done();
  }

  #send(holdings: readonly Holding[]): Promise<readonly Standing[] | undefined> {
    const beat = this.checkpoints.partitions.heartbeat({
      member: this.#member,
      ttlMs: this.#ttlMs,
      joining: !this.#joined,
      consumers: holdings.map(({ claimant: { consumer, version } }) => ({ consumer, version })),
      seizing: holdings
        .filter(({ seizing }) => seizing)
        .map(({ claimant: { consumer, version } }) => ({ consumer, version })),
    });
    return this.#inTime(beat);
  }

  /** What is never answered must not keep the next heartbeat from being sent (L3). */
  #inTime<T>(asked: Promise<T>): Promise<T> {
    const late = () =>
      new RetryableError('HEARTBEAT_LATE', `The database did not answer a heartbeat within ${this.#ttlMs} ms.`);
    return timeLimited(asked, this.#ttlMs, late);
  }

  #apply(holding: Holding, standings: readonly Standing[], moved: readonly PartitionLease[]): void {
    const { consumer, version } = holding.claimant;
    const standing = standings.find(one => one.consumer === consumer && one.version === version);
    if (standing) holding.apply(standing, moved);
  }

  /** Nobody comes back under a name that was found dead (L1). */
  #buried(holdings: readonly Holding[]): void {
    this.#log.warn({ member: this.#member }, 'this process was silent for too long and has lost its partitions');
    this.#member = this.#newLife();
    this.#joined = false;
    this.#validUntil = 0;
    for (const holding of holdings) holding.loseAll();
    setImmediate(() => this.#hurry());
  }

  async #setFree(): Promise<void> {
    const leaving = [...this.#holdings]
      .map(([key, holding]) => ({ key, holding, left: holding.left, leases: [...holding.givenUp] }))
      .filter(({ left, leases }) => left || leases.length > 0);
    const all = leaving.flatMap(({ leases }) => leases);
    if (all.length > 0) await this.#inTime(this.checkpoints.partitions.release(all));
    for (const { key, holding, left, leases } of leaving) {
      holding.setFree(leases);
      if (left && this.#holdings.get(key) === holding) this.#holdings.delete(key);
    }
  }

  async #depart(): Promise<void> {
    if (!this.#joined) return;
    this.#validUntil = 0;
    this.#joined = false;
    const member = this.#member;
    this.#member = this.#newLife();
    await this.#inTime(this.checkpoints.partitions.leave(member));
  }

  #leftUncleanly({ consumer }: Claimant, error: unknown): void {
    this.#log.warn(
      { consumer, err: error },
      'partitions could not be set free; others get them when the lease is over',
    );
  }
}
