import { randomUUID } from 'node:crypto';

export interface ProposedEvent {
  readonly id: string;
  readonly type: string;
  readonly contentType: string;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
}

export interface StoredEvent extends ProposedEvent {
  readonly stream: string;
  readonly revision: bigint;
  readonly position: bigint;
  /** 100 ns ticks since 1970. */
  readonly created: bigint;
}

export type Expected = bigint | 'any' | 'no-stream' | 'exists';

export type Written =
  | { readonly kind: 'written'; readonly revision: bigint; readonly position: bigint }
  | { readonly kind: 'wrong-version'; readonly current: bigint }
  | { readonly kind: 'deleted' };

interface Stream {
  readonly events: StoredEvent[];
  state: 'active' | 'soft-deleted' | 'tombstoned';
  truncateBefore: bigint;
}

const NONE = -1n;
const TOMBSTONE_REVISION = 2n ** 63n - 1n;

/** EventStoreDB's log as its clients see it: the decisions of its index writer and the order of its transaction file. */
export class DoubleLog {
  readonly events: StoredEvent[] = [];
  readonly #streams = new Map<string, Stream>();
  /** Ids of latest appends with the stream's revision: the server's short memory for `any` and `exists`. */
  readonly #recent = new Map<string, StoredEvent>();
  readonly #waiting = new Set<() => void>();
  readonly #remembersIds: boolean;

  constructor({ remembersIds = true }: { readonly remembersIds?: boolean } = {}) {
    this.#remembersIds = remembersIds;
    this.#write('$users', 0n, proposal('$UsersUpdated'));
  }

  append(stream: string, expected: Expected, proposed: readonly ProposedEvent[]): Written {
    const target = this.#streams.get(stream);
    const decided = this.#decide(target, expected, proposed);
    if (decided.kind !== 'ok') return decided;
    const current = lastRevision(target);
    const { events } = this.#revive(stream);
    let last: StoredEvent | undefined;
    for (const [index, event] of proposed.entries()) {
      last = this.#write(stream, current + 1n + BigInt(index), event);
      events.push(last);
      if (this.#remembersIds) this.#recent.set(event.id, last);
    }
    this.#announce();
    return { kind: 'written', revision: last?.revision ?? current, position: last?.position ?? NONE };
  }

  softDelete(stream: string, expected: Expected): Written {
    const refused = this.#refuses(stream, expected);
    if (refused) return refused;
    const target = this.#stream(stream);
    target.state = 'soft-deleted';
    const { position } = this.#write(`$$${stream}`, 0n, proposal('$metadata', '{"$tb":9223372036854775807}'));
    this.#announce();
    return { kind: 'written', revision: lastRevision(target), position };
  }

  tombstone(stream: string, expected: Expected): Written {
    const refused = this.#refuses(stream, expected);
    if (refused) return refused;
    this.#stream(stream).state = 'tombstoned';
    const { position } = this.#write(stream, TOMBSTONE_REVISION, proposal('$streamDeleted'));
    this.#announce();
    return { kind: 'written', revision: TOMBSTONE_REVISION, position };
  }

  /** The events that a stream shows, or why there are none. */
  read(stream: string): readonly StoredEvent[] | 'not-found' | 'deleted' {
    const target = this.#streams.get(stream);
    if (target?.state === 'tombstoned') return 'deleted';
    if (!target || target.state === 'soft-deleted' || target.events.length === 0) return 'not-found';
    const kept = target.events.filter(({ revision }) => revision >= target.truncateBefore);
    return kept.slice(-this.#mostEventsOf(stream));
  }

  /** Index in `events` of the first one behind a position. */
  indexAfter(position: bigint): number {
    let [low, high] = [0, this.events.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.events[middle]?.position ?? 0n) <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Resolves at the next append, or when the waiting is ended by calling what `onWaiting` was given. */
  grown(onWaiting: (end: () => void) => void): Promise<void> {
    return new Promise(resolve => {
      const done = () => {
        this.#waiting.delete(done);
        resolve();
      };
      this.#waiting.add(done);
      onWaiting(done);
    });
  }

  forgetIds(): void {
    this.#recent.clear();
  }

  /** An older copy of this log. */
  lose(count: number): void {
    for (const event of this.events.splice(this.events.length - count)) {
      const events = this.#streams.get(event.stream)?.events;
      if (events?.includes(event)) events.splice(events.indexOf(event));
    }
  }

  #decide(
    target: Stream | undefined,
    expected: Expected,
    proposed: readonly ProposedEvent[],
  ): Written | { readonly kind: 'ok' } {
    const current = lastRevision(target);
    const wrong: Written = { kind: 'wrong-version', current };
    if (target?.state === 'tombstoned') return { kind: 'deleted' };
    if (expected === 'exists' && target?.state === 'soft-deleted') return { kind: 'deleted' };
    if (expected === 'exists' && current === NONE) return wrong;
    if (typeof expected !== 'bigint' && expected !== 'no-stream') return this.#weakly(target, proposed, wrong);
    const base = expected === 'no-stream' ? NONE : expected;
    if (base === current) return { kind: 'ok' };
    if (base > current || proposed.length === 0) return wrong;
    const same = proposed.map(({ id }, index) => target?.events[Number(base) + 1 + index]?.id === id);
    const last = target?.events[Number(base) + proposed.length];
    if (last && same.every(Boolean)) return { kind: 'written', revision: last.revision, position: last.position };
    const reopens = same[0] === false && expected === 'no-stream' && target?.state === 'soft-deleted';
    return reopens ? { kind: 'ok' } : wrong;
  }

  /** Ids that are remembered make an append with `any` a repeat; a stranger behind them makes it a conflict. */
  #weakly(target: Stream | undefined, proposed: readonly ProposedEvent[], wrong: Written): Written | { kind: 'ok' } {
    const known = proposed.map(({ id }) => this.#recent.get(id));
    const ours = known.map(event => event !== undefined && target?.events.includes(event) === true);
    const last = known.at(-1);
    if (ours[0] !== true) return { kind: 'ok' };
    return last && ours.every(Boolean) ? { kind: 'written', revision: last.revision, position: last.position } : wrong;
  }

  /** `$maxCount` of the stream's metadata. */
  #mostEventsOf(stream: string): number {
    const metadata = this.#streams.get(`$$${stream}`)?.events.at(-1);
    const { $maxCount = Infinity } = JSON.parse(Buffer.from(metadata?.data ?? '{}').toString()) as {
      $maxCount?: number;
    };
    return $maxCount;
  }

  #refuses(stream: string, expected: Expected): Written | undefined {
    const target = this.#streams.get(stream);
    const decided = this.#decide(target, expected, []);
    return decided.kind === 'ok' ? undefined : decided;
  }

  #stream(name: string): Stream {
    const stream = this.#streams.get(name) ?? { events: [], state: 'active', truncateBefore: 0n };
    this.#streams.set(name, stream);
    return stream;
  }

  /** A soft-deleted stream that is written again shows only what comes now. */
  #revive(name: string): Stream {
    const stream = this.#stream(name);
    if (stream.state === 'soft-deleted') {
      stream.truncateBefore = lastRevision(stream) + 1n;
      stream.state = 'active';
    }
    return stream;
  }

  #write(stream: string, revision: bigint, event: ProposedEvent): StoredEvent {
    const last = this.events.at(-1);
    const size = last ? 80 + last.stream.length + last.data.length + last.metadata.length : 0;
    const position = (last?.position ?? 1_024n) + BigInt(size);
    const created = BigInt(Date.now()) * 10_000n;
    const stored = { ...event, stream, revision, position, created };
    this.events.push(stored);
    return stored;
  }

  #announce(): void {
    for (const done of [...this.#waiting]) done();
  }
}

function lastRevision(stream: Stream | undefined): bigint {
  return stream?.events.at(-1)?.revision ?? NONE;
}

function proposal(type: string, data = '{}'): ProposedEvent {
  const bytes = Buffer.from(data);
  return { id: randomUUID(), type, contentType: 'application/json', data: bytes, metadata: Buffer.alloc(0) };
}
