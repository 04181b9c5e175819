import { setTimeout as delay } from 'node:timers/promises';

const HEALTH_EVERY_MS = 1_000;

/** A client of the platform as anybody could write it. */
export class Api {
  constructor(url, token) {
    this.url = url;
    this.token = token;
  }

  /** The data; throws when there are errors. */
  async ask(query, variables = {}) {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${this.token}` };
    const body = JSON.stringify({ query, variables });
    const response = await fetch(`${this.url}/graphql`, { method: 'POST', headers, body });
    const { data, errors } = await response.json();
    if (errors?.length || !data) throw new Error(`The API answered ${JSON.stringify(errors ?? response.status)}`);
    return data;
  }

  /** What a mutation answers; throws when it is refused. */
  async do(query, variables) {
    const { result } = await this.ask(query, variables);
    if (result.code !== undefined) throw new Error(`The API refused: ${JSON.stringify(result)}`);
    return result;
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
