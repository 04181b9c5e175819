import pg from 'pg';
import type { Pool, PoolClient } from 'pg';
import { call } from './prepared-call.js';
import type { Parameter, Statement, TextRow } from './prepared-call.js';
import { createPool } from './session.js';
import type { ConnectionOptions } from './session.js';
import { StoreUnavailableError } from './store-errors.js';

/** A connection that nobody wanted for so long goes back to the pool, which ends it after a while. */
const KEPT_MS = 1_000;

/**
 * The connections of one event store, those used last at hand. The pool hands one out only when everything else that can go on has
 * done so, and sets and clears two timers each time; whoever runs alone would wait for that before each statement.
 *
 * K1 Whoever wants a connection takes a kept one first, and none is kept while somebody waits for the pool: a kept one is in
 *    nobody's way.
 * K2 A kept one that breaks is dropped as the pool would drop it.
 */
export class Sessions {
  readonly #pool: Pool;
  readonly #kept: PoolClient[] = [];
  /** So many were kept at any time since the last look. */
  #fewest = 0;
  #looking: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: ConnectionOptions, onProblem: (error: Error) => void) {
    this.#pool = createPool(options, onProblem);
    this.#pool.on('connect', client => {
      const drop = () => this.#drop(client);
      client.once('error', drop).once('end', drop);
    });
  }

  /** Runs a statement on any free connection. A failure to connect is told apart: then nothing was sent. */
  async run(statement: Statement, values: readonly Parameter[]): Promise<readonly TextRow[]> {
    const client = this.#take() ?? (await this.#connect());
    let failed = true;
    try {
      const rows = await call(client, statement, values);
      failed = false;
      return rows;
    } catch (error) {
      failed = !isServerError(error);
      throw error;
    } finally {
      this.#giveBack(client, failed);
    }
  }

  /** When nothing is under way any more. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#looking);
    for (const client of this.#kept.splice(0)) client.release();
    await this.#pool.end();
  }

  #take(): PoolClient | undefined {
    const client = this.#kept.pop();
    this.#fewest = Math.min(this.#fewest, this.#kept.length);
    return client;
  }

  async #connect(): Promise<PoolClient> {
    try {
      return await this.#pool.connect();
    } catch (cause) {
      throw new StoreUnavailableError(cause);
    }
  }

  #giveBack(client: PoolClient, failed: boolean): void {
    if (failed || this.#closed || this.#pool.waitingCount > 0) return client.release(failed);
    this.#kept.push(client);
    this.#looking ??= setInterval(() => this.#look(), KEPT_MS).unref();
  }

  /** The pool gets those that were there all the time: the oldest. */
  #look(): void {
    for (const client of this.#kept.splice(0, this.#fewest)) client.release();
    this.#fewest = this.#kept.length;
    if (this.#fewest > 0) return;
    clearInterval(this.#looking);
    this.#looking = undefined;
  }

  #drop(client: PoolClient): void {
    const place = this.#kept.indexOf(client);
    if (place < 0) return;
    this.#kept.splice(place, 1);
    this.#fewest = Math.min(this.#fewest, this.#kept.length);
    client.release(true);
  }
}

/** The server answered with an error and goes on serving the connection. */
function isServerError(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.severity === 'ERROR';
}
