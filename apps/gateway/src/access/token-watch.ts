import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { isTransient } from '@runledger/messaging';
import { GATEWAY_OPTIONS, type GatewayOptions } from '../gateway.config.js';
import { RequestError } from '../graph/request-errors.js';
import { SOCKET_LIMITS } from '../graph/socket-limits.js';
import { Authority } from './authority.js';
import type { Caller } from './caller.js';

interface Watched {
  readonly caller: Caller;
  readonly ends: Set<() => void>;
}

/**
 * Looks again and again whether the tokens of those who stay still count, also while nothing happens that they would be told of.
 * Each token is asked for once, however many connections it opened.
 */
@Injectable()
export class TokenWatch implements OnApplicationShutdown {
  readonly #watched = new Map<string, Watched>();
  readonly #recheckMs: number;
  readonly #log = new Logger('TokenWatch');
  #timer: NodeJS.Timeout | undefined;
  #looking = false;

  constructor(
    @Inject(Authority) private readonly authority: Authority,
    @Inject(GATEWAY_OPTIONS) { sockets }: Pick<GatewayOptions, 'sockets'>,
  ) {
    this.#recheckMs = sockets?.recheckMs ?? SOCKET_LIMITS.recheckMs;
  }

  /** `end` is called once the token is worth nothing any more. Returns what ends the watch. */
  watch(caller: Caller, end: () => void): () => void {
    const watched = this.#watched.get(caller.tokenId) ?? { caller, ends: new Set<() => void>() };
    this.#watched.set(caller.tokenId, watched);
    watched.ends.add(end);
    this.#timer ??= setInterval(() => void this.#look(), this.#recheckMs).unref();
    return () => {
      watched.ends.delete(end);
      // One that was found worthless has left already; who came since with the same id is watched on.
      const isLast = watched.ends.size === 0 && this.#watched.get(caller.tokenId) === watched;
      if (isLast) this.#watched.delete(caller.tokenId);
    };
  }

  onApplicationShutdown(): void {
    clearInterval(this.#timer);
    this.#watched.clear();
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      for (const { caller, ends } of [...this.#watched.values()]) {
        if (await this.#counts(caller)) continue;
        this.#watched.delete(caller.tokenId);
        for (const end of ends) end();
      }
    } finally {
      this.#looking = false;
    }
  }

  /** While the database is away, who was let in stays: the next look says more. */
  async #counts(caller: Caller): Promise<boolean> {
    try {
      await this.authority.reassure(caller);
      return true;
    } catch (error) {
      if (error instanceof RequestError && error.code === 'UNAUTHENTICATED') return false;
      if (!isTransient(error)) this.#log.error(error instanceof Error ? error.stack : String(error));
      return true;
    }
  }
}
