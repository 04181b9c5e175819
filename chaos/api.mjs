import { setTimeout as delay } from 'node:timers/promises';

const ANSWER_WITHIN_MS = 10_000;
const AGAIN_AFTER_MS = 300;
/** Codes of errors that say: not now. */
const PASSING = [
  'SERVICE_UNAVAILABLE',
  'PLATFORM_STARTING',
  'READ_MODEL_BEHIND',
  'STORE_UNAVAILABLE',
  'UNAVAILABLE',
  'DEADLINE_EXCEEDED',
];

/**
 * A client as a careful user writes it: it asks another gateway when one does not answer, and asks again, with the same
 * idempotency key, until it has an answer or `patience` is over.
 */
export class Api {
  #next = 0;
  /** How often an answer did not come or said "not now". */
  setbacks = 0;
  /** What was said instead of an answer, and how often. */
  reasons = new Map();

  constructor(urls, token, patienceMs) {
    this.urls = urls;
    this.token = token;
    this.patienceMs = patienceMs;
  }

  /** One of the gateways, another one each time. */
  url() {
    this.#next += 1;
    return this.urls[this.#next % this.urls.length];
  }

  async data(query, variables = {}) {
    const deadline = Date.now() + this.patienceMs;
    for (;;) {
      const { data, problem } = await this.#ask(query, variables);
      if (data) return data;
      this.setbacks += 1;
      this.reasons.set(reasonOf(problem), (this.reasons.get(reasonOf(problem)) ?? 0) + 1);
      if (Date.now() > deadline) throw new Error(`No answer within ${this.patienceMs / 1000} s: ${problem}`);
      await delay(AGAIN_AFTER_MS);
    }
  }

  async #ask(query, variables) {
    try {
      const response = await fetch(`${this.url()}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${this.token}` },
        body: JSON.stringify({ query, variables }),
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      });
      const said = await response.text();
      const { data, errors } = JSON.parse(said);
      if (!errors && data && !isPassing(data)) return { data };
      if (!errors) return { problem: `${response.status}: ${said}` };
      const passing = errors.every(({ extensions }) => PASSING.includes(extensions?.code) || extensions?.retryable);
      if (passing) return { problem: JSON.stringify(errors) };
      throw new RefusedError(JSON.stringify(errors));
    } catch (error) {
      if (error instanceof RefusedError) throw error;
      return { problem: error.cause?.message ?? error.message };
    }
  }
}

/** An answer that asking again would not change: a finding, not a setback. */
export class RefusedError extends Error {}

/** A code of ours, else what the connection said, without addresses. */
function reasonOf(problem) {
  return /"code":"(\w+)"/.exec(problem)?.[1] ?? problem.replace(/ \d+\.\S+/, '').slice(0, 60);
}

/** A start is declined, rather than an error, while the platform cannot take it yet. */
function isPassing(data) {
  return Object.values(data).some(answer => PASSING.includes(answer?.code));
}
