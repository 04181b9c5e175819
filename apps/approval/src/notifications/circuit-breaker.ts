const TAKES_FAILURES = 5;
const OPEN_MS = 60_000;

interface Circuit {
  readonly failures: number;
  /** Milliseconds since 1970: until then nothing is sent. */
  readonly closedAt: number;
}

/**
 * Keeps messages from an endpoint that does not take any: after five failures in a row nothing is sent there for a minute, then
 * one message tries whether it is back. One process remembers for itself; another one finds out as quickly.
 */
export class CircuitBreaker {
  readonly #circuits = new Map<string, Circuit>();

  /** Until when nothing is to be sent there, in milliseconds since 1970; undefined: go ahead. */
  openUntil(endpoint: string, nowMs: number): number | undefined {
    const closedAt = this.#circuits.get(endpoint)?.closedAt ?? 0;
    return closedAt > nowMs ? closedAt : undefined;
  }

  succeeded(endpoint: string): void {
    this.#circuits.delete(endpoint);
  }

  /** `untilMs`: the endpoint itself said when to come back. */
  failed(endpoint: string, nowMs: number, untilMs = 0): void {
    const failures = (this.#circuits.get(endpoint)?.failures ?? 0) + 1;
    const closedAt = Math.max(untilMs, failures >= TAKES_FAILURES ? nowMs + OPEN_MS : 0);
    this.#circuits.set(endpoint, { failures, closedAt });
  }
}
