import { START } from '@runledger/event-store';
import type { EventStore, Position } from '@runledger/event-store';
import type { ConsumerStatus } from '@runledger/messaging';

export type ConsumerKind = 'reactor' | 'projection' | 'relay';

/** How one consumer of the log stands, and how far behind it is. */
export interface ConsumerReport {
  readonly kind: ConsumerKind;
  readonly status: ConsumerStatus;
  /** Positions between it and the head; they have holes, so this is an upper bound of the events. 0 for what others run. */
  readonly lag: bigint;
  /** Age of the oldest event that it has not passed; 0 when there is none. */
  readonly lagSeconds: number;
}

/** The log is asked at most this often, however many ask here. */
const FRESH_MS = 500;

type Source = () => readonly ConsumerStatus[];

/** What reads the log in this process: hosts say so here, and health and metrics report it. */
export class Consumers {
  readonly #sources = new Map<ConsumerKind, Set<Source>>();
  readonly #log: LogAge;

  constructor(store: Pick<EventStore, 'head' | 'readAll'>) {
    this.#log = new LogAge(store);
  }

  /** Returns the function that takes the source away again. */
  add(kind: ConsumerKind, source: Source): () => void {
    const sources = this.#sources.get(kind) ?? new Set();
    this.#sources.set(kind, sources.add(source));
    return () => sources.delete(source);
  }

  statuses(): { readonly kind: ConsumerKind; readonly status: ConsumerStatus }[] {
    return [...this.#sources].flatMap(([kind, sources]) =>
      [...sources].flatMap(source => source().map(status => ({ kind, status }))),
    );
  }

  /** Asks the log how far each is behind. Throws what the store throws. */
  async report(): Promise<readonly ConsumerReport[]> {
    const log = await this.#log.look();
    return Promise.all(
      this.statuses().map(async ({ kind, status }) => {
        const lag = isIdle(status) || log.head <= status.position ? 0n : log.head - status.position;
        return { kind, status, lag, lagSeconds: lag === 0n ? 0 : await log.ageSeconds(status.position) };
      }),
    );
  }
}

/** Whose part of the log others read: its own position says nothing. */
function isIdle({ state, partitions }: ConsumerStatus): boolean {
  return state === 'stopped' || partitions?.length === 0;
}

interface Look {
  readonly head: Position;
  /** Of the first event behind a position. */
  ageSeconds(after: Position): Promise<number>;
}

/** Looks at the log for several at once, and again only after a while: whoever polls health must not cost anything. */
class LogAge {
  #look: { readonly at: number; readonly answer: Promise<Look> } | undefined;

  constructor(private readonly store: Pick<EventStore, 'head' | 'readAll'>) {}

  look(): Promise<Look> {
    if (this.#look && performance.now() - this.#look.at < FRESH_MS) return this.#look.answer;
    const answer = this.#ask();
    this.#look = { at: performance.now(), answer };
    return answer;
  }

  async #ask(): Promise<Look> {
    const head = await this.store.head();
    const ages = new Map<Position, Promise<number>>();
    const ageSeconds = (after: Position) => {
      const age = ages.get(after) ?? this.#ageOfNext(after);
      ages.set(after, age);
      return age;
    };
    return { head, ageSeconds };
  }

  async #ageOfNext(after: Position): Promise<number> {
    const { events } = await this.store.readAll({ after: after < START ? START : after, limit: 1 });
    const [next] = events;
    return next ? Math.max(0, (Date.now() - Date.parse(next.recordedAt)) / 1_000) : 0;
  }
}
