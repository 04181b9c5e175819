import type { EventStoreDBClient } from '@eventstore/db-client';
import { ConnectionStringError, StoreClosedError } from './eventstoredb-errors.js';

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** What every call carries: only the leader has read what it has just confirmed. */
export interface CallOptions {
  readonly requiresLeader: true;
  readonly credentials: Credentials;
}

/** Parts of the client that its types hide and that we cannot do without; the version is pinned. */
interface ClientInside {
  getChannel: () => Promise<{ close(): void }>;
  handleError: (client: unknown, error: Error) => Promise<void>;
}

/** The client as this process uses it: loaded and connected when first needed, and ended without leaving a socket. */
export class Connection {
  /**
   * Credentials on every call keep the client on the plain append call. Its batch call can crash the process when a reply is
   * late. Without TLS the client sends no credentials, so then any will do.
   */
  readonly callOptions: CallOptions;
  readonly closing = new AbortController();
  readonly #connectionString: string;
  readonly #onProblem: (error: Error) => void;
  #client: Promise<EventStoreDBClient> | undefined;
  #channel: Promise<{ close(): void }> | undefined;

  constructor(connectionString: string, onProblem: (error: Error) => void) {
    this.#connectionString = connectionString;
    this.#onProblem = onProblem;
    this.callOptions = { requiresLeader: true, credentials: credentialsIn(connectionString) };
  }

  async client(): Promise<EventStoreDBClient> {
    if (this.closing.signal.aborted) throw new StoreClosedError();
    return (this.#client ??= this.#open());
  }

  async close(): Promise<void> {
    this.closing.abort();
    const client = await this.#client?.catch(() => undefined); // whoever used it knows
    await client?.dispose();
    const channel = await this.#channel?.catch(() => undefined);
    channel?.close();
  }

  async #open(): Promise<EventStoreDBClient> {
    const { EventStoreDBClient: Client } = await import('@eventstore/db-client');
    let client: EventStoreDBClient;
    try {
      client = Client.connectionString(this.#connectionString);
    } catch {
      // The client's message quotes the string.
      throw new ConnectionStringError('cannot be read, or names a file that is not there');
    }
    this.#mind(client as unknown as ClientInside);
    return client;
  }

  /** Remembers the channel in use, for {@link close}; and catches what the client throws into the void. */
  #mind(inside: ClientInside): void {
    const { getChannel, handleError } = inside;
    inside.getChannel = () => {
      this.#channel = getChannel();
      return this.#channel;
    };
    // The client does not wait for this promise: when finding another node fails meanwhile, it would end the process.
    inside.handleError = (client, error) => handleError(client, error).catch(this.#onProblem);
  }
}

function credentialsIn(connectionString: string): Credentials {
  const match = /^esdb(?:\+discover)?:\/\/(?:([^:/@]+):([^@]+)@)?[^@]+$/.exec(connectionString.trim());
  if (!match) throw new ConnectionStringError('is none');
  const [, username, password] = match;
  if (username !== undefined && password !== undefined) {
    return { username: decoded(username), password: decoded(password) };
  }
  if (/[?&]tls=false\b/i.test(connectionString)) return { username: 'nobody', password: 'none' };
  throw new ConnectionStringError('uses TLS but names no user');
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new ConnectionStringError('has a user or a password that is not percent-encoded');
  }
}
