/** A clock that stands still until it is moved. Fits wherever `now(): string` (ISO 8601 UTC) is asked for. */
export class FakeClock {
  #nowMs: number;

  constructor(start = '2026-01-01T00:00:00.000Z') {
    this.#nowMs = Date.parse(start);
  }

  now(): string {
    return new Date(this.#nowMs).toISOString();
  }

  nowMs(): number {
    return this.#nowMs;
  }

  advance(milliseconds: number): void {
    this.#nowMs += milliseconds;
  }

  set(instant: string): void {
    this.#nowMs = Date.parse(instant);
  }
}
