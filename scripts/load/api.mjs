import { setTimeout as delay } from 'node:timers/promises';

const HEALTH_EVERY_MS = 1_000;
/** What the API asks its clients to ask again, and how often they do. */
const BEHIND = 'READ_MODEL_BEHIND';
const TRIES = 12;
const AGAIN_MS = 500;

/** A client of the platform as anybody could write it. */
export class Api {
  /** How often the API said that its read models are behind. */
  behind = 0;
  /** How often it declined something for the moment, as it does while the platform is starting. */
  notNow = 0;

  constructor(url, token) {
    this.url = url;
    this.token = token;
  }

  /** The data; throws when there are errors. Asks again when told to. */
  async ask(query, variables = {}) {
    for (let tries = 1; ; tries += 1) {
      const { data, errors, status } = await this.#post(query, variables);
      if (data && !errors?.length) return data;
      const later = errors?.length > 0 && errors.every(error => error.extensions?.code === BEHIND);
      if (!later || tries === TRIES) throw new Error(`The API answered ${JSON.stringify(errors ?? status)}`);
      this.behind += 1;
      await delay(AGAIN_MS);
    }
  }

  async #post(query, variables) {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${this.token}` };
    const body = JSON.stringify({ query, variables });
    const response = await fetch(`${this.url}/graphql`, { method: 'POST', headers, body });
    return { status: response.status, ...(await response.json()) };
  }

  /** What a mutation answers; throws when it is refused. Asks again when the refusal says that this helps, and not for ever. */
  async do(query, variables) {
    for (let tries = 1; ; tries += 1) {
      const { result } = await this.ask(query, variables);
      if (result.code === undefined) return result;
      if (!result.retryable || tries === TRIES) throw new Error(`The API refused: ${JSON.stringify(result)}`);
      this.notNow += 1;
      await delay(AGAIN_MS);
    }
  }

  async health() {
    const response = await fetch(`${this.url}/health/ready`);
    return response.json();
  }

  /** Reports until the signal aborts; those that could not be had are left out. */
  async watchHealth(signal) {
    const reports = [];
    while (!signal.aborted) {
      await delay(HEALTH_EVERY_MS, undefined, { signal }).catch(() => undefined);
      const report = await this.health().catch(() => undefined);
      if (report) reports.push(report);
    }
    return reports;
  }
}
