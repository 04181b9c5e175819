import { pause } from '@runledger/event-store';
import { SILENT } from '@runledger/messaging';
import type { ConsumerLog } from '@runledger/messaging';
import { Fault, RetryableError } from '@runledger/kernel';
import type { CheckpointDesk } from '../checkpoint/checkpoint-desk.js';
import { base64 } from '../tree/log-entry.js';
import type { TreeRows } from '../tree/tree-rows.js';
import { PublishedDifferentlyError, signedText } from './place.js';
import type { Place } from './place.js';

/** What was published is more than there is: the log was cut. */
export class LogCutError extends Fault {
  constructor(place: string, published: number, size: number) {
    super(
      'LOG_CUT',
      `At ${place} there is a checkpoint of ${published} entries, and the log has ${size}: it was cut, as by a restore from an old backup. Keep what is there.`,
      { fields: { place, published, size } },
    );
  }
}

export interface PublisherParts {
  readonly places: readonly Place[];
  readonly everyMs: number;
  readonly tree: TreeRows;
  readonly checkpoints: CheckpointDesk;
  /** True in the one process that seals: only that one publishes. */
  isOnDuty(): boolean;
  readonly log?: ConsumerLog;
}

/**
 * Brings a checkpoint to every place, whenever the log has grown, so that nobody can change the log unnoticed, ourselves included
 * (A1). Before each, what is there is compared with the tree: where it contradicts, nothing more is published, and it is told.
 */
export class Publisher {
  readonly #ending = new AbortController();
  readonly #troubles = new Map<string, Error>();
  #ended: Promise<unknown> = Promise.resolve();

  constructor(private readonly parts: PublisherParts) {}

  start(): void {
    this.#ended = Promise.all(this.parts.places.map(place => this.#serve(place)));
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#ended;
  }

  /** In words, what keeps checkpoints from being published. */
  troubles(): readonly string[] {
    return [...this.#troubles.values()].map(({ message }) => message);
  }

  async #serve(place: Place): Promise<void> {
    const { everyMs, log = SILENT } = this.parts;
    const { signal } = this.#ending;
    while (!signal.aborted) {
      try {
        if (this.parts.isOnDuty()) await this.publish(place);
        this.#troubles.delete(place.name);
      } catch (error) {
        this.#troubles.set(place.name, error instanceof Error ? error : new Error(String(error)));
        const level = error instanceof RetryableError ? 'warn' : 'error';
        log[level]({ place: place.name, err: error }, 'a checkpoint was not published; it is tried again');
      }
      await pause(everyMs, signal);
    }
  }

  /** Publishes the tree as it is now, unless it is there. Throws what stands against it. */
  async publish(place: Place): Promise<void> {
    const { tree, checkpoints } = this.parts;
    const { size } = await tree.sealed();
    await this.#compare(place, size);
    if (size === 0 || !(await this.#isDue(place, size))) return;
    await place.keep(await checkpoints.at(size));
    await tree.database.query(
      `insert into audit.publication (place, size) values ($1, $2)
       on conflict (place) do update set size = excluded.size, published_at = now()`,
      [place.name, size],
    );
  }

  async #compare(place: Place, size: number): Promise<void> {
    const [, published = '', root = ''] = signedText(await place.last())?.split('\n') ?? [];
    if (published === '') return;
    const then = Number(published);
    if (then > size) throw new LogCutError(place.name, then, size);
    if (base64(await this.parts.tree.tree(then).root()) !== root) throw new PublishedDifferentlyError(place.name, then);
  }

  async #isDue({ name, atMostEveryMs = 0 }: Place, size: number): Promise<boolean> {
    const { rows } = await this.parts.tree.database.query(
      `select size < $2 and published_at + $3 * interval '1 millisecond' <= now() as due
         from audit.publication where place = $1`,
      [name, size, atMostEveryMs],
    );
    return rows[0]?.['due'] !== false;
  }
}
