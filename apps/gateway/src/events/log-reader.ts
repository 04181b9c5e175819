import { Inject, Injectable } from '@nestjs/common';
import { START, type AllSlice, type EventStore, type Position, type RecordedEvent } from '@runledger/event-store';
import type { Distribution } from '@runledger/messaging';
import { CLOCK, DISTRIBUTION, EVENT_STORE, type Clock } from '@runledger/platform';
import { LRUCache } from 'lru-cache';
import { Authority } from '../access/authority.js';
import type { Caller } from '../access/caller.js';
import { isPosition, positionOf } from '../graph/position-text.js';
import { RequestError } from '../graph/request-errors.js';
import { AskedTogether } from '../reads/asked-together.js';
import { keyIn } from '../reads/row-key.js';
import { expired, type Resumption } from './resumption.js';

const RECHECK_MS = 5_000;

/** How a subscription asks where it begins. */
export interface Asked {
  /** The log that the caller's cursors are of, where the caller said so. */
  readonly log?: string | undefined;
  /** Where it begins without a cursor; default: at the beginning. */
  readonly otherwise?: 'beginning' | 'end';
}

/** The event log as callers may read it: of their own workspace only (G2). */
@Injectable()
export class LogReader {
  readonly #asked = new LRUCache<string, { readonly atMs: number; readonly answer: Promise<void> }>({ max: 10_000 });
  /** Of workspace and run: what the log has it has for ever. */
  readonly #runs = new LRUCache<string, true>({ max: 10_000 });
  readonly #heads = new AskedTogether<'head', Position>(async () => new Map([['head', await this.store.head()]]));
  #identity: Promise<string> | undefined;

  constructor(
    @Inject(EVENT_STORE) readonly store: EventStore,
    /** For those who follow: pages are read from the store itself. */
    @Inject(DISTRIBUTION) readonly distribution: Distribution,
    @Inject(Authority) private readonly authority: Authority,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Throws `NOT_FOUND` when the workspace has no such run. */
  async assertRun(caller: Caller, runId: string): Promise<void> {
    const key = keyIn(caller.workspaceId, runId);
    if (this.#runs.has(key)) return;
    for (let after = START; ;) {
      const { events, scannedTo, caughtUp } = await this.store.readAll({ ...storyOf(caller, runId), after, limit: 1 });
      if (events.length > 0) return void this.#runs.set(key, true);
      if (caughtUp) throw new RequestError('NOT_FOUND', 'There is no such run.', 'Look at the list of runs.');
      after = scannedTo;
    }
  }

  /**
   * Where a subscription goes on; without a cursor at the beginning of the log, or at its end. What cannot be honoured is said, never
   * passed over: a reader that skipped something, or saw it twice, would not know (G1).
   */
  async resumeAt(cursor: string | null | undefined, asked: Asked = {}): Promise<Resumption> {
    if (cursor == null) return { status: 'going', from: asked.otherwise === 'end' ? await this.#head() : START };
    if (!isPosition(cursor)) return expired('UNREADABLE', START);
    if (asked.log !== undefined && asked.log !== (await this.identity())) return expired('ANOTHER_LOG', START);
    const position = positionOf(cursor);
    // Who comes back to the process that it was cut from stands where that process has been.
    if (position <= (this.store.reached ?? START)) return { status: 'going', from: position };
    const head = await this.#head();
    return position > head ? expired('AHEAD_OF_LOG', head) : { status: 'going', from: position };
  }

  /** Of the log, for ever: cursors of one are nothing in another. */
  identity(): Promise<string> {
    this.#identity ??= this.store.identity().catch((error: unknown) => {
      this.#identity = undefined;
      throw error;
    });
    return this.#identity;
  }

  /** Where a stream of events goes on. Throws `CURSOR_EXPIRED` when the log does not reach so far, as after a restore. */
  async streamFrom(cursor: string | undefined): Promise<Position> {
    if (cursor === undefined || cursor === '') return START;
    const position = positionOf(cursor);
    if (position <= (await this.#head())) return position;
    throw new RequestError(
      'CURSOR_EXPIRED',
      'The log does not reach this position any more: it was restored to an earlier state.',
      'Forget what you have from behind its end, and begin again without a cursor.',
    );
  }

  /** For streams: asks again every few seconds whether the token still counts, once for all streams that it opened. */
  stillAllowed(caller: Caller): () => Promise<void> {
    this.#asked.set(caller.tokenId, { atMs: this.#nowMs(), answer: Promise.resolve() });
    return () => {
      const last = this.#asked.get(caller.tokenId);
      const nowMs = this.#nowMs();
      // A clock that was set back must not put off the next question until it has caught up (G2).
      if (last && nowMs >= last.atMs && nowMs - last.atMs < RECHECK_MS) return last.answer;
      const answer = this.authority.reassure(caller);
      answer.catch(() => undefined); // whoever awaits it is told
      this.#asked.set(caller.tokenId, { atMs: nowMs, answer });
      return answer;
    };
  }

  async #head(): Promise<Position> {
    return (await this.#heads.ask('head')) ?? START;
  }

  #nowMs(): number {
    return Date.parse(this.clock.now());
  }

  /** One page of one stream behind a position. */
  async streamPage(
    caller: Caller,
    stream: string,
    asked: { readonly after: Position; readonly size: number; readonly keep: (event: RecordedEvent) => boolean },
  ): Promise<AllSlice> {
    const kept: RecordedEvent[] = [];
    for (let from = 0; ;) {
      const slice = await this.store.readStream({ tenant: caller.workspaceId, name: stream }, { from, limit: 1_000 });
      kept.push(...slice.events.filter(event => event.position > asked.after && asked.keep(event)));
      from += slice.events.length;
      if (slice.events.length < 1_000 || kept.length > asked.size) {
        const events = kept.slice(0, asked.size);
        return { events, scannedTo: events.at(-1)?.position ?? asked.after, caughtUp: kept.length <= asked.size };
      }
    }
  }
}

/** Everything that belongs to one run of the caller's workspace. */
export function storyOf(caller: Caller, runId: string): { readonly tenant: string; readonly correlationId: string } {
  return { tenant: caller.workspaceId, correlationId: runId };
}
