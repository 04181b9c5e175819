import { newUuid } from '@runledger/event-store';
import type { ConsumerLog } from '@runledger/messaging';
import { Tenure } from './tenure.js';
import { WorkerNameTakenError } from './worker-faults.js';
import type { WorkerTable } from './worker-table.js';

export interface Liveness {
  /** How often a worker says that it lives; default 1,000 ms. */
  readonly beatEveryMs: number;
  /** A worker that was not heard of for so long is taken for dead; default 5,000 ms. */
  readonly ttlMs: number;
  /** How long the runs of a worker that was told to stop wait for its return; default 30,000 ms; 0: it will not return. */
  readonly returnWithinMs: number;
}

export const DEFAULT_LIVENESS: Liveness = { beatEveryMs: 1_000, ttlMs: 5_000, returnWithinMs: 30_000 };

/** What a worker does when its life among the others changes. */
export interface Member {
  /** A tenure has begun: whatever the tables say is its own now. */
  joined(tenure: Tenure): Promise<void>;
  /** The tenure is over: resolves when nothing of it is under way any more. */
  lost(): Promise<void>;
  /** Others have died: there may be homeless runs. */
  othersDied(workers: readonly string[]): void;
}

export interface MembershipParts {
  /** Its name. */
  readonly worker: string;
  readonly table: WorkerTable;
  readonly member: Member;
  readonly log: ConsumerLog;
  readonly liveness: Liveness;
}

/** Clocks of two machines may run at slightly different rates. */
const CLOCK_MARGIN = 0.05;

/**
 * Keeps this worker alive in the eyes of the others, and buries those who are not. Only a worker whose own heartbeats have come
 * through for a whole time-to-live buries: after an outage of the database everybody seems dead, and most are not.
 */
export class Membership {
  #tenure: Tenure | undefined;
  #joining: Tenure | undefined;
  #leaving: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #beating: Promise<void> | undefined;
  #steadySince = Number.POSITIVE_INFINITY;
  #lastBeat = Number.NEGATIVE_INFINITY;
  #troubled = false;
  #stopping = false;

  constructor(private readonly parts: MembershipParts) {}

  /** Throws when the database cannot be reached. */
  async start(): Promise<void> {
    const tenure = this.#newTenure();
    await this.parts.table.join(tenure, this.parts.liveness.ttlMs);
    this.#tenure = tenure;
    this.#timer = setInterval(() => void this.beat(), this.parts.liveness.beatEveryMs);
    try {
      await this.parts.member.joined(tenure);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Says to the others whether it comes back. What the worker had must be at rest. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#timer);
    await this.#beating;
    await this.#leaving;
    const tenure = this.#tenure;
    if (!tenure) return;
    tenure.end();
    await this.parts.table.leave(tenure, this.parts.liveness.returnWithinMs).catch((error: unknown) => {
      this.parts.log.warn({ error }, 'The other workers could not be told that this one ends; they will miss it.');
    });
  }

  /** One heartbeat, shared by all who ask for it meanwhile. Never throws: a database that is away is tried again. */
  beat(): Promise<void> {
    this.#beating ??= this.#beatOnce()
      .then(
        () => this.#recovered(),
        (error: unknown) => this.#troubledBy(error),
      )
      .finally(() => {
        this.#beating = undefined;
      });
    return this.#beating;
  }

  async #beatOnce(): Promise<void> {
    if (this.#stopping) return;
    const sentAt = performance.now();
    const tenure = this.#tenure;
    if (!tenure) return this.#joinAgain();
    if (!(await this.parts.table.beat(tenure, this.parts.liveness.ttlMs))) return this.#lose(tenure);
    tenure.extend(this.#deadlineFrom(sentAt));
    this.#noteBeat(sentAt);
    if (sentAt - this.#steadySince < this.parts.liveness.ttlMs) return;
    const buried = await this.parts.table.buryDead(tenure);
    if (buried.length === 0) return;
    this.parts.log.warn({ workers: buried }, 'Workers have died; their runs go on elsewhere.');
    this.parts.member.othersDied(buried);
  }

  #noteBeat(sentAt: number): void {
    const gap = sentAt - this.#lastBeat;
    if (gap > this.parts.liveness.ttlMs / 2) this.#steadySince = sentAt;
    this.#lastBeat = sentAt;
  }

  /** Not awaited by the heartbeat: whoever ends meanwhile may be waiting for one. */
  #lose(tenure: Tenure): void {
    this.#tenure = undefined;
    tenure.end();
    this.parts.log.warn({ worker: this.parts.worker }, 'This worker was taken for dead: its runs are others’ now.');
    this.#leaving = this.parts.member
      .lost()
      .catch((error: unknown) => this.parts.log.error({ error }, 'What was lost could not be put down cleanly.'))
      .finally(() => {
        this.#leaving = undefined;
      });
  }

  async #joinAgain(): Promise<void> {
    if (this.#leaving) return;
    const tenure = (this.#joining ??= this.#newTenure());
    const sentAt = performance.now();
    const joined = await this.parts.table.joinAgain(tenure, this.parts.liveness.ttlMs);
    if (!joined) throw new WorkerNameTakenError(this.parts.worker);
    tenure.extend(this.#deadlineFrom(sentAt));
    await this.parts.member.joined(tenure);
    this.#tenure = tenure;
    this.#joining = undefined;
    this.parts.log.info({ worker: this.parts.worker }, 'This worker is back among the others.');
  }

  #newTenure(): Tenure {
    return new Tenure(this.parts.worker, newUuid(), this.#deadlineFrom(performance.now()), () => this.beat());
  }

  #deadlineFrom(sentAt: number): number {
    return sentAt + this.parts.liveness.ttlMs * (1 - CLOCK_MARGIN);
  }

  #recovered(): void {
    if (this.#troubled) this.parts.log.info({ worker: this.parts.worker }, 'This worker can say again that it lives.');
    this.#troubled = false;
  }

  #troubledBy(error: unknown): void {
    if (!this.#troubled) this.parts.log.error({ error }, 'This worker cannot say that it lives; it tries on.');
    this.#troubled = true;
  }
}
