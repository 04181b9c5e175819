import type { Socket } from 'node:net';
import pg from 'pg';
import type { ClientConfig } from 'pg';
import { askAfter } from './backends-at-work.js';

const CONNECTED_WITHIN_MS = 10_000;
const KEEP_ALIVE_AFTER_MS = 5_000;
const LOOK_EVERY_MS = 1_000;
/** So many looks without a word, although a statement is under way, are reason to ask; then twice as many, and so on. */
const SILENT_LOOKS = 3;
const MOST_UNANSWERED = 2;

export interface WatchedConfig extends ClientConfig {
  /** For sessions whose server ends each statement before: one that lasts longer has nobody who answers it. Left out: it may. */
  readonly statementsEndWithinMs?: number;
}

/** Nobody answers on this connection any more. Whether a statement that was under way was done is not known. */
export class SilentServerError extends Error {
  override readonly name = 'SilentServerError';
  /** As the kernel says of a connection that it gives up. */
  readonly code = 'ETIMEDOUT';

  constructor(silentMs: number) {
    super(`Connection terminated: PostgreSQL has said nothing on it for ${silentMs} ms, and seems to be gone.`);
  }
}

/** What `pg` knows and its types hide. */
interface Inside {
  readonly readyForQuery: boolean;
  readonly processID: number | null;
  readonly connection: { readonly stream: Socket };
}

/**
 * A connection of `pg` that does not wait for ever for a server that is gone without a word: a machine that lost its power, a
 * failover, a forgetful firewall. The kernel finds that out of an idle connection soon, of one on which something was sent after a
 * quarter of an hour. Whatever waits for such a statement stands still meanwhile, and with it whoever follows the log.
 *
 * W1 A statement may take any time: what is silent is given up only when the server, asked on another connection, says that
 *    nothing is under way there, or does not answer twice in a row.
 * W2 Silence is counted in looks, not by the clock: while this process stood still, nobody was silent.
 * W3 Where one connection was silent, those that rest beside it are not trusted either: the next statement makes another one.
 * W4 A break ends no process: unheard it would, and pools, TypeORM above all, do not listen at every moment. Whoever uses the connection
 *    is told.
 */
export class WatchedClient extends pg.Client {
  readonly #config: WatchedConfig;
  #heard = -1;
  #quietLooks = 0;
  #silentLooks = 0;
  #askAt = SILENT_LOOKS;
  #unanswered = 0;

  constructor(given: string | WatchedConfig = {}) {
    const config = withPatience(typeof given === 'string' ? { connectionString: given } : given);
    super(config);
    this.#config = config;
    this.on('error', () => undefined); // W4
    this.once('connect', () => watch.add(this)).once('end', () => watch.remove(this));
  }

  look(): void {
    const { readyForQuery, connection } = this.#inside;
    const isQuiet = connection.stream.bytesRead === this.#heard;
    this.#heard = connection.stream.bytesRead;
    this.#quietLooks = isQuiet ? this.#quietLooks + 1 : 0;
    this.#silentLooks = isQuiet && !readyForQuery ? this.#silentLooks + 1 : 0;
    if (this.#silentLooks === 0) [this.#askAt, this.#unanswered] = [SILENT_LOOKS, 0];
    if (this.#silentMs > (this.#config.statementsEndWithinMs ?? Infinity)) this.#giveUp();
    else if (this.#silentLooks === this.#askAt) void this.#ask();
  }

  /** W3 */
  distrust({ host, port }: WatchedClient): void {
    const isRestingBeside = this.#inside.readyForQuery && this.host === host && this.port === port;
    if (isRestingBeside && this.#quietLooks >= SILENT_LOOKS) this.#end(this.#quietLooks * LOOK_EVERY_MS);
  }

  get #inside(): Inside {
    return this as unknown as Inside;
  }

  get #silentMs(): number {
    return this.#silentLooks * LOOK_EVERY_MS;
  }

  async #ask(): Promise<void> {
    const before = this.#heard;
    const found = await askAfter(this.#inside.processID, copyOf(this.#config));
    const { readyForQuery, connection } = this.#inside;
    if (readyForQuery || connection.stream.bytesRead !== before) return;
    this.#askAt = this.#silentLooks + this.#askAt;
    this.#unanswered = found === 'no answer' ? this.#unanswered + 1 : 0;
    if (found === 'not at work' || this.#unanswered >= MOST_UNANSWERED) this.#giveUp();
  }

  #giveUp(): void {
    this.#end(this.#silentMs);
    watch.distrust(this);
  }

  #end(silentMs: number): void {
    this.#inside.connection.stream.destroy(new SilentServerError(silentMs));
  }
}

/** A pool hides the password from whoever lists what it was given. */
function copyOf(config: ClientConfig): ClientConfig {
  return Object.defineProperties({}, Object.getOwnPropertyDescriptors(config));
}

function withPatience(given: WatchedConfig): WatchedConfig {
  const config = copyOf(given);
  config.connectionTimeoutMillis ??= CONNECTED_WITHIN_MS;
  config.keepAlive ??= true;
  config.keepAliveInitialDelayMillis ??= KEEP_ALIVE_AFTER_MS;
  return config;
}

/** One timer for all connections of the process; it keeps nobody from ending. */
class Watch {
  readonly #clients = new Set<WatchedClient>();
  #timer: NodeJS.Timeout | undefined;

  add(client: WatchedClient): void {
    this.#clients.add(client);
    this.#timer ??= setInterval(() => this.#look(), LOOK_EVERY_MS).unref();
  }

  remove(client: WatchedClient): void {
    this.#clients.delete(client);
    if (this.#clients.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  distrust(silent: WatchedClient): void {
    for (const client of this.#clients) client.distrust(silent);
  }

  #look(): void {
    for (const client of this.#clients) client.look();
  }
}

const watch = new Watch();
