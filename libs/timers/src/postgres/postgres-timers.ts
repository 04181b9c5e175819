import { ChannelSignal, migrateSchema } from '@runledger/event-store';
import { DEFAULT_RETRY, SILENT } from '@runledger/messaging';
import type { ConsumerLog } from '@runledger/messaging';
import type { Pool } from 'pg';
import { checkTimer, handlersOf } from '../new-timer.js';
import type { NewTimer, TimerHost, TimerKind, TimerObserver, TimerStanding } from '../port.js';
import { TimerRunner } from './timer-runner.js';
import type { RunnerSettings } from './timer-runner.js';
import { TimerTable } from './timer-table.js';
import type { ParkedTimer } from './timer-table.js';
import { timerSchema, timersHistory } from './timer-tables.js';

export interface PostgresTimersOptions extends Partial<RunnerSettings> {
  /** The caller ends it, after `stop`. */
  readonly database: Pool;
  /** Whose timers; lower-case letters. It keeps them in the schema `timers_<service>`. */
  readonly service: string;
  /** A connection string of the same database: where processes tell each other of timers that are due soon. */
  readonly newsUrl?: string;
  readonly log?: ConsumerLog;
  readonly observer?: TimerObserver;
}

/** `lookEveryMs`: only what is due sooner is told to other processes; for the rest they look in time by themselves. */
const DEFAULTS: RunnerSettings = {
  concurrency: 16,
  leaseMs: 4_000,
  handlerMs: 60_000,
  lookEveryMs: 5_000,
  retry: DEFAULT_RETRY,
};

/** Timers as rows of PostgreSQL, whose clock is the only one. Any number of processes share them. */
export class PostgresTimers implements TimerHost {
  readonly #table: TimerTable;
  readonly #settings: RunnerSettings;
  readonly #log: ConsumerLog;
  readonly #signal: ChannelSignal | undefined;
  #observer: TimerObserver;
  #runner: TimerRunner | undefined;

  constructor(private readonly options: PostgresTimersOptions) {
    const { database, service, newsUrl, log = SILENT, observer = UNOBSERVED } = options;
    this.#table = new TimerTable(database, service);
    this.#settings = { ...DEFAULTS, ...settingsOf(options) };
    this.#log = log;
    this.#observer = observer;
    if (newsUrl === undefined) return;
    const config = { connectionString: newsUrl, application_name: `runledger timers ${service}` };
    this.#signal = new ChannelSignal(config, timerSchema(service), {
      onNews: () => this.#runner?.wake(),
      onProblem: error => log.warn({ reason: error.message }, 'News of timers may come late.'),
    });
  }

  get service(): string {
    return this.options.service;
  }

  /** Replaces who is told what becomes of firings. Before `start`. */
  observe(observer: TimerObserver): void {
    this.#observer = observer;
  }

  /** Makes the tables where they are missing, then fires what is due. */
  async start(kinds: readonly TimerKind[]): Promise<void> {
    const handlers = handlersOf(kinds);
    await migrateSchema(this.options.database, timersHistory(this.options.service));
    if (handlers.size === 0) return;
    const [table, settings, log, observer] = [this.#table, this.#settings, this.#log, this.#observer];
    this.#runner = new TimerRunner({ table, handlers, settings, log, observer });
    this.#signal?.listen();
    this.#runner.start();
  }

  async stop(): Promise<void> {
    await this.#runner?.stop();
    await this.#signal?.close();
  }

  async set(timer: NewTimer): Promise<void> {
    const inMs = await this.#table.set(timer, checkTimer(timer));
    if (inMs === undefined || inMs > this.#settings.lookEveryMs) return;
    this.#runner?.wake();
    this.#signal?.announce();
  }

  cancel(name: string): Promise<void> {
    return this.#table.cancel(name);
  }

  standing(): Promise<TimerStanding> {
    return this.#table.standing();
  }

  /** Those whose handlers failed for good, the latest first. */
  parked(limit = 100): Promise<ParkedTimer[]> {
    return this.#table.parked(limit);
  }

  /** Fires a parked one again. False when there is none of this name. */
  async retry(name: string): Promise<boolean> {
    const found = await this.#table.retry(name);
    this.#runner?.wake();
    return found;
  }
}

const UNOBSERVED: TimerObserver = { fired: () => undefined, failed: () => undefined };

function settingsOf(options: Partial<RunnerSettings>): Partial<RunnerSettings> {
  const { concurrency, leaseMs, handlerMs, lookEveryMs, retry } = options;
  const given = { concurrency, leaseMs, handlerMs, lookEveryMs, retry };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
