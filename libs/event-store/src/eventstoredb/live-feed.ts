import type { AllStreamResolvedEvent, AllStreamSubscription } from '@eventstore/db-client';
import { START } from '../port.js';
import type { Position, RecordedEvent } from '../port.js';
import { ReadInterruptedError } from '../postgres/store-errors.js';
import type { Connection } from './connection.js';
import type { Echoes } from './echoes.js';
import { toReadError } from './eventstoredb-errors.js';
import { OUR_STREAMS } from './stream-names.js';
import { fromWire } from './wire-events.js';

/** Events that wait for their reader, and how much of the log they are; then the server is made to wait. */
const MOST_WAITING = 1_000;
const MOST_WAITING_BYTES = 8_000_000n;

/** One subscription of the server, from a position until it breaks. It never resumes by itself. */
export class LiveFeed {
  readonly #waiting: RecordedEvent[] = [];
  #broken: Error | undefined;
  #isClosed = false;
  #wake: (() => void) | undefined;

  private constructor(
    private readonly subscription: AllStreamSubscription,
    private readonly echoes: Echoes,
  ) {
    subscription.on('data', (resolved: AllStreamResolvedEvent) => this.#take(resolved));
    subscription.on('error', error => this.#break(toReadError(error)));
    for (const end of ['end', 'close'] as const) {
      subscription.on(end, () => this.#break(new ReadInterruptedError(new Error('the server ended a subscription'))));
    }
  }

  /** Everything behind `after`: the server passes over its own events and those of other programs. */
  static async open(connection: Connection, echoes: Echoes, after: Position): Promise<LiveFeed> {
    const client = await connection.client();
    const fromPosition = after === START ? ('start' as const) : { commit: after, prepare: after };
    const filter = { filterOn: 'streamName', regex: OUR_STREAMS, checkpointInterval: 1 } as const;
    const subscription = client.subscribeToAll({ ...connection.callOptions, fromPosition, filter });
    echoes.begin(after);
    return new LiveFeed(subscription, echoes);
  }

  /** What has come, at most `limit`; throws once a broken feed has nothing more. */
  take(limit: number): readonly RecordedEvent[] {
    const taken = this.#waiting.splice(0, limit);
    if (taken.length === 0 && this.#broken) throw this.#broken;
    if (!this.#isFull) this.subscription.resume();
    return taken;
  }

  get #isFull(): boolean {
    const [first, last] = [this.#waiting[0], this.#waiting.at(-1)];
    if (!first || !last) return false;
    return this.#waiting.length >= MOST_WAITING || last.position - first.position > MOST_WAITING_BYTES;
  }

  get empty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Resolves when there is something to take, the time is over, or the signal aborts. */
  async changed(signal: AbortSignal, timeoutMs: number): Promise<void> {
    if (!this.empty || this.#broken || signal.aborted) return;
    await new Promise<void>(resolve => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      signal.addEventListener('abort', done);
      this.#wake = done;
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#break(new ReadInterruptedError(new Error('a subscription was closed')));
    this.subscription.unsubscribe().catch(() => undefined); // it was never made, or is broken already
    this.subscription.resume(); // what comes until then flows away: the client holds what is not read to its end
  }

  #take(resolved: AllStreamResolvedEvent): void {
    const known = this.#isClosed ? undefined : fromWire(resolved);
    if (!known) return;
    if (!this.#broken) this.echoes.pass(known);
    this.#waiting.push(known.event);
    if (this.#isFull) this.subscription.pause();
    this.#wake?.();
  }

  #break(error: Error): void {
    if (!this.#broken) this.echoes.end();
    this.#broken ??= error;
    this.#wake?.();
  }
}
