import { setImmediate } from 'node:timers/promises';

const AT_MOST_MS = 8;

/**
 * Reading thousands of small files one system call after the other is several times faster than handing each to the thread pool.
 * So that the process stays responsive, whoever does it takes a breath every few milliseconds.
 */
export class Breath {
  #since = performance.now();

  get due(): boolean {
    return performance.now() - this.#since > AT_MOST_MS;
  }

  async take(): Promise<void> {
    await setImmediate();
    this.#since = performance.now();
  }
}
