import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { GATEWAY_OPTIONS, type GatewayOptions } from '../gateway.config.js';

const MINUTE_SECONDS = 60;

/** So many answers 401 a minute, and for the rest of it only tokens that were good before are listened to from the address. */
const FAILURES_PER_MINUTE = 300;
const GOOD_TOKENS = 10_000;

/** Too much came from one caller. */
export interface Exceeded {
  readonly retryAfterSeconds: number;
}

/** Who is counted: whoever holds a token, and without one the address. */
export interface Counted {
  readonly authorization: string | undefined;
  readonly address: string;
}

/**
 * Counts what callers ask for, in this process: with several gateways each grants the limit. It is counted before a request is
 * parsed or its token looked up, so that being refused is cheap for us.
 */
@Injectable()
export class RateLimits {
  readonly #requests: RateLimiterMemory | undefined;
  readonly #failures = new RateLimiterMemory({
    keyPrefix: 'failures',
    points: FAILURES_PER_MINUTE,
    duration: MINUTE_SECONDS,
  });
  /** Behind a proxy many share an address: those who are known must not suffer for one who guesses. */
  readonly #good = new LRUCache<string, true>({ max: GOOD_TOKENS });

  constructor(@Inject(GATEWAY_OPTIONS) { requestsPerMinute = 0 }: Pick<GatewayOptions, 'requestsPerMinute'>) {
    if (requestsPerMinute === 0) return;
    this.#requests = new RateLimiterMemory({
      keyPrefix: 'requests',
      points: requestsPerMinute,
      duration: MINUTE_SECONDS,
    });
  }

  /** Counts one request or operation; undefined: it may go on. */
  async take(counted: Counted): Promise<Exceeded | undefined> {
    const key = keyOf(counted);
    if (!this.#good.has(key)) {
      const failures = await this.#failures.get(counted.address);
      if (failures && failures.consumedPoints > FAILURES_PER_MINUTE) return exceeded(failures);
    }
    return this.#requests && consumed(this.#requests, key);
  }

  /** Somebody at this address presented no token that counts. */
  async failed({ address }: Pick<Counted, 'address'>): Promise<void> {
    await consumed(this.#failures, address);
  }

  /** This token was proven. That it was answered proves nothing: pages are open to all. */
  proven(authorization: string | undefined): void {
    if (authorization !== undefined) this.#good.set(keyOf({ authorization, address: '' }), true);
  }
}

/** The whole of what was presented, so that nobody uses up what belongs to a token without having it. Only its hash is kept. */
function keyOf({ authorization, address }: Counted): string {
  if (authorization === undefined) return address;
  return createHash('sha256').update(authorization).digest('base64url');
}

async function consumed(limiter: RateLimiterMemory, key: string): Promise<Exceeded | undefined> {
  try {
    await limiter.consume(key);
    return undefined;
  } catch (error) {
    if (error instanceof RateLimiterRes) return exceeded(error);
    throw error;
  }
}

function exceeded({ msBeforeNext }: RateLimiterRes): Exceeded {
  return { retryAfterSeconds: Math.max(1, Math.ceil(msBeforeNext / 1_000)) };
}
