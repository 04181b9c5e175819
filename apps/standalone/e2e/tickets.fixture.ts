import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { join } from 'node:path';
import type { ApiClient } from './api-client.fixture.js';

interface Asked {
  readonly key: string;
  readonly title: string;
  readonly labels?: readonly string[];
  /** Which process asked, where it says so. */
  readonly pid: number;
}

/** A service outside, over HTTP, that opens one ticket for each key, however often it is asked; and that can take its time. */
export class Tracker {
  /** Every request, in order. */
  readonly asked: Asked[] = [];
  readonly #tickets: string[] = [];
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  #held: (() => void)[] | undefined;

  private constructor() {}

  static async open(): Promise<Tracker> {
    const tracker = new Tracker();
    await once(tracker.#server.listen(0, '127.0.0.1'), 'listening');
    return tracker;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/tickets`;
  }

  /** For the platform's environment: its steps may call `open-ticket`. */
  get environment() {
    const module = join(import.meta.dirname, 'ticket-functions.fixture.mjs');
    return { ORCHESTRATOR_FUNCTIONS: module, TRACKER_URL: this.url };
  }

  /** Keys of the tickets that there are, in order. */
  get tickets(): readonly string[] {
    return this.#tickets;
  }

  /** From now on it takes requests and answers none before it is let go. */
  hold(): void {
    this.#held ??= [];
  }

  letGo(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const go of held) go();
  }

  async close(): Promise<void> {
    this.letGo();
    this.#server.closeAllConnections();
    await new Promise(resolve => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { headers } = request;
    const key = String(headers['idempotency-key']);
    this.asked.push({
      key,
      ...((await json(request)) as Omit<Asked, 'key' | 'pid'>),
      pid: Number(headers['x-process']),
    });
    await new Promise<void>(resolve => (this.#held ? this.#held.push(resolve) : resolve()));
    if (!this.#tickets.includes(key)) this.#tickets.push(key);
    const id = `T-${this.#tickets.indexOf(key) + 1}`;
    response.writeHead(201, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ id, url: `${this.url}/${id}` }));
  }
}

/** Two tickets, the second about the first: nothing in a sandbox. `profile`: one that there is. */
export const ticketFlow = (profile: string) => `
slug: tickets
defaults: { profile: ${profile} }
steps:
  - { key: first, function: { name: open-ticket, input: { title: Broken } } }
  - { key: second, needs: [first], function: { name: open-ticket, input: { title: 'See {{ steps.first.output.id }}' } } }
`;

/** The run of that flow has completed, each step once and at its first attempt, and there is one ticket for each. */
export async function expectTickets(api: ApiClient, runId: string, tracker: Tracker): Promise<void> {
  const run = await api.reaches(runId, 'COMPLETED');
  expect(run.timeline.map(({ attempts }) => attempts.length)).toEqual([1, 1]);
  const ends = (await api.events(runId)).filter(({ type }) => /^Step(Completed|Failed|Blocked)$/.test(type));
  expect(ends.map(({ type, data }) => `${type} ${String(data['step'])}`)).toEqual([
    'StepCompleted first',
    'StepCompleted second',
  ]);
  expect(tracker.tickets).toHaveLength(2);
}
