import { setTimeout as delay } from 'node:timers/promises';
import { later } from '../runner/later.js';
import type { CursorApi } from './cursor-api.js';
import { serverEvents } from './server-events.js';
import type { CloudTurn } from './cloud-turn.js';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
/** The run's own words that something has changed: its status is asked for at once. */
const NEWS = new Set(['status', 'result', 'error', 'done']);

export interface HeardRun {
  readonly agentId: string;
  readonly runId: string;
  readonly turn: CloudTurn;
}

/**
 * Hears what happens in a run, as long as its stream can be had: it goes on after the last event that was heard, and each event counts once.
 * What it tells of the status is a hint only.
 */
export class CloudListening {
  readonly #stop = new AbortController();
  readonly #seen = new Set<string>();
  #news = later();
  #last: string | undefined;
  /** Resolves when there is nothing more to hear; rejects when what was heard cannot be written down. */
  readonly over: Promise<void>;

  constructor(
    private readonly api: CursorApi,
    private readonly run: HeardRun,
  ) {
    this.over = this.#listen();
    this.over.catch(() => undefined); // whoever follows the run waits for it
  }

  /** Resolves at the next hint. */
  get news(): Promise<void> {
    return this.#news.promise;
  }

  close(): void {
    this.#stop.abort();
  }

  async #listen(): Promise<void> {
    const { signal } = this.#stop;
    for (let pauseMs = FIRST_PAUSE_MS; !signal.aborted; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      const heard = this.#seen.size;
      if (await this.#hear(signal)) return;
      if (this.#seen.size > heard) pauseMs = FIRST_PAUSE_MS;
      await delay(pauseMs, undefined, { signal }).catch(() => undefined); // closed
    }
  }

  /** True: there is nothing more to hear. */
  async #hear(signal: AbortSignal): Promise<boolean> {
    const events = await this.#events(signal);
    if (typeof events === 'boolean') return events;
    for (;;) {
      const next = await events.next().catch(() => undefined); // broken off: it is asked for again
      if (!next || next.done) return signal.aborted;
      const { value } = next;
      const { id } = value;
      if (id === undefined || !this.#seen.has(id)) await this.run.turn.take(value);
      if (id !== undefined) {
        this.#seen.add(id);
        this.#last = id;
      }
      if (NEWS.has(value.event)) this.#tell();
      if (value.event === 'done') return true;
    }
  }

  async #events(signal: AbortSignal): Promise<ReturnType<typeof serverEvents> | boolean> {
    const { agentId, runId } = this.run;
    try {
      const response = await this.api.stream(agentId, runId, this.#last, signal);
      if (response.ok && response.body) return serverEvents(response.body);
      await response.body?.cancel();
      // What is refused now, or is not kept any more, is not to be had later; the status still is.
      return response.status < 500 && response.status !== 429 && response.status !== 404;
    } catch {
      return signal.aborted; // nobody answers: the status says how it goes on
    }
  }

  #tell(): void {
    this.#news.resolve();
    this.#news = later();
  }
}
