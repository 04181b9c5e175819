import { setTimeout as delay } from 'node:timers/promises';

/** What one check found; `message` says what is wrong and what it waits for. */
export interface CheckResult {
  readonly ok: boolean;
  readonly message?: string;
}

export interface ReadinessReport {
  readonly status: 'ready' | 'not-ready';
  /** By name. */
  readonly checks: Readonly<Record<string, CheckResult>>;
}

const CHECK_WITHIN_MS = 2_000;

/** Whether this process can do its work, as `/health/ready` shows it: every part that can fail adds a check under its name. */
export class Readiness {
  readonly #checks = new Map<string, () => CheckResult | Promise<CheckResult>>();
  #ending = false;

  /** Returns the function that takes the check away again. A second check of one name is a defect and throws. */
  add(name: string, check: () => CheckResult | Promise<CheckResult>): () => void {
    if (this.#checks.has(name)) throw new TypeError(`Two readiness checks are named ${name}.`);
    this.#checks.set(name, check);
    return () => this.#checks.delete(name);
  }

  /** From now on the process is not ready, whatever its parts say: requests should go elsewhere before anything closes. */
  end(): void {
    this.#ending = true;
  }

  /** Never throws: a check that throws, or takes more than two seconds, is not ok. */
  async report(): Promise<ReadinessReport> {
    const results = await Promise.all(
      [...this.#checks].map(async ([name, check]): Promise<[string, CheckResult]> => [name, await resultOf(check)]),
    );
    if (this.#ending) results.push(['process', { ok: false, message: 'The process is stopping.' }]);
    const ready = results.every(([, result]) => result.ok);
    return { status: ready ? 'ready' : 'not-ready', checks: Object.fromEntries(results) };
  }
}

async function resultOf(check: () => CheckResult | Promise<CheckResult>): Promise<CheckResult> {
  const late = new AbortController();
  const timeout = delay(CHECK_WITHIN_MS, undefined, { signal: late.signal, ref: false }).then(
    () => ({ ok: false, message: `No answer within ${CHECK_WITHIN_MS} ms.` }),
    () => ({ ok: false }), // stopped below: the check was faster
  );
  try {
    return await Promise.race([Promise.resolve().then(check), timeout]);
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : String(error) };
  } finally {
    late.abort();
  }
}
