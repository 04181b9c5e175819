import { ChannelSignal } from '@runledger/event-store';
import type { ConsumerLog } from '@runledger/messaging';
import type { AttemptWorker, Offer } from './attempt-worker.js';
import type { Hands } from './claim.reactor.js';
import type { RunHome } from './open-work.js';
import type { RunReleases } from './run-releases.js';

export interface WorkNewsParts {
  readonly name: string;
  readonly worker: AttemptWorker;
  readonly releases: RunReleases;
  /** A database in which replicas hear of each other's news; undefined where there is one replica. */
  readonly url: string | undefined;
  readonly log: ConsumerLog;
}

const CHANNEL = 'runledger_sandbox_work';

/**
 * Brings the news to whoever is concerned: to the worker of this process directly, to others through the database, after the
 * row was committed. A hint only: everybody looks at the tables now and then anyway.
 */
export class WorkNews implements Hands {
  readonly name: string;
  readonly #signal: ChannelSignal | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly parts: WorkNewsParts) {
    const { name, url, log } = parts;
    this.name = name;
    if (url === undefined) return;
    this.#signal = new ChannelSignal({ connectionString: url, application_name: 'runledger sandbox news' }, CHANNEL, {
      onNews: () => this.#wakeAll(),
      onProblem: error => log.warn({ reason: error.message }, 'News of open work may come late.'),
    });
  }

  start(everyMs: number): void {
    this.#signal?.listen();
    this.#timer = setInterval(() => this.parts.releases.wake(), everyMs);
    this.#wakeAll();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#signal?.close();
  }

  offer(): Offer {
    return this.parts.worker.offer();
  }

  workFor(home: RunHome): void {
    if (home === undefined || home === this.name) this.parts.worker.wake();
    if (home !== this.name) this.#signal?.announce();
  }

  endedAt(home: RunHome): void {
    if (home !== this.name) this.#signal?.announce();
    if (home === undefined || home === this.name) this.#wakeAll();
  }

  #wakeAll(): void {
    this.parts.worker.wake();
    this.parts.releases.wake();
  }
}
