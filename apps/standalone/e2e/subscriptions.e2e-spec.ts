import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '@runledger/testing';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { ENTRY, EVENT } from './api-client.fixture.js';
import type { ApiClient, Entry, StoredEvent } from './api-client.fixture.js';
import { profileNamed } from './counted-work.fixture.js';
import { describeWith } from './machine.fixture.js';
import { build, PATIENCE_MS, TemporaryHome } from './platform-process.fixture.js';
import type { PlatformProcess } from './platform-process.fixture.js';

/** About two seconds of agent and programs, two of which write at the same time. */
const TALKATIVE = `
slug: talkative
defaults: { profile: small }
steps:
  - key: agent
    agent:
      provider: scripted
      prompt: Talk.
      tools: [bash]
      script:
        - thinking: I think before I talk.
          text: I count.
          tools: [{ name: bash, arguments: { command: 'for i in $(seq 15); do echo $i; sleep 0.05; done' } }]
        - text: I counted.
  - { key: one, needs: [agent], run: 'for i in $(seq 20); do echo "one $i"; sleep 0.04; done' }
  - { key: two, needs: [agent], run: 'for i in $(seq 20); do echo "two $i" >&2; sleep 0.04; done' }
`;

const RUN_EVENTS = `subscription ($runId: ID!, $after: Position) { item: runEvents(runId: $runId, after: $after) { ... on RunEvent { cursor event { ${EVENT} } } } }`;
const TRANSCRIPT = `subscription ($runId: ID!, $after: Position) { item: transcript(runId: $runId, after: $after) { ... on TranscriptSegment { cursor caughtUp entries { ${ENTRY} } } } }`;

interface Item {
  readonly cursor: string;
  readonly event: StoredEvent;
  readonly entries: readonly Entry[];
}

/** A connection that brings nothing for so long is cut as well: else nothing but its end could end a reader at rest. */
const FIRST_WITHIN_MS = 5_000;

/** A reader whose connection breaks all the time, without a word, and who goes on behind the last item that reached it. */
class FlakyReader {
  readonly items: Item[] = [];
  drops = 0;
  readonly #ending = new AbortController();

  constructor(
    private readonly api: ApiClient,
    private readonly query: string,
    private readonly runId: string,
  ) {}

  /** Reads until `stop`. */
  async read(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      const before = this.items.length;
      await this.#connection(Math.floor(Math.random() * 12), Math.random() * 250);
      if (this.items.length > before) this.drops += 1;
    }
  }

  stop(): void {
    this.#ending.abort();
  }

  /** Ends after so many items, or so many ms after the first one came, by cutting the socket. */
  async #connection(most: number, longestMs: number): Promise<void> {
    let socket: WebSocket | undefined;
    const client = createClient({
      url: `${this.api.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${this.api.token}` },
      retryAttempts: 0,
      on: { opened: opened => void (socket = opened as WebSocket) },
    });
    const after = this.items.at(-1)?.cursor;
    const items = client.iterate<{ item: Item }>({ query: this.query, variables: { runId: this.runId, after } });
    const cut = new AbortController();
    const signal = AbortSignal.any([cut.signal, this.#ending.signal]);
    const late = (ms: number) => delay(ms, 'late' as const, { signal }).catch(() => 'late' as const);
    try {
      for (let left = most; left >= 0 && !this.#ending.signal.aborted; left -= 1) {
        // To connect may take longest of all.
        const next = await Promise.race([items.next(), late(left === most ? FIRST_WITHIN_MS : longestMs + 200)]);
        if (next === 'late' || next.done) break;
        if (!next.value.data) throw new Error(JSON.stringify(next.value.errors));
        this.items.push(next.value.data.item);
      }
    } finally {
      cut.abort();
      socket?.terminate();
      await Promise.resolve(client.dispose()).catch(() => undefined);
    }
  }
}

/** What a front end holds after these segments, by the rule that the schema gives: texts grow, the rest is replaced. */
function folded(segments: readonly Item[]): Entry[] {
  const held = new Map<string, Entry>();
  for (const entry of segments.flatMap(segment => segment.entries)) {
    const before = held.get(entry.id);
    const text = entry.__typename === 'TextEntry' || entry.__typename === 'ThinkingEntry';
    held.set(entry.id, {
      ...entry,
      ...(text && { text: (before?.text ?? '') + (entry.text ?? '') }),
      ...(entry.streamed !== undefined && { streamed: (before?.streamed ?? '') + entry.streamed }),
    });
  }
  return [...held.values()].sort((a, b) => Number(a.seq) - Number(b.seq));
}

describeWith('bwrap')('a reader whose connection breaks at random (needs bwrap)', () => {
  const home = new TemporaryHome();
  let platform: PlatformProcess;
  let api: ApiClient;

  beforeAll(async () => {
    build();
    platform = await home.startQuiet();
    api = platform.api;
    await api.publishProfile(profileNamed('small'));
    expect(await api.publishFlow(TALKATIVE)).toMatchObject({ __typename: 'FlowVersion' });
  }, PATIENCE_MS);

  afterAll(async () => {
    await home.giveBack();
    expect(platform.errors).toBe('');
  });

  it(
    'has every event once and in order, and the transcript as if it had never broken',
    async () => {
      const runId = await api.started('talkative');
      const eventReaders = [1, 2, 3].map(() => new FlakyReader(api, RUN_EVENTS, runId));
      const transcriptReaders = [1, 2, 3].map(() => new FlakyReader(api, TRANSCRIPT, runId));
      const readers = [...eventReaders, ...transcriptReaders];
      const reading = Promise.all(readers.map(reader => reader.read()));
      await api.reaches(runId, 'COMPLETED');
      // Charges of the last step may follow the end of the run.
      await eventually(
        async () => (await api.events(runId)).filter(event => event.type === 'ChargeRecorded').length >= 3,
      );
      const events = await api.events(runId);
      let entries: readonly Entry[] = [];
      const caughtUp = async () => {
        entries = await api.transcript(runId); // it may be a moment behind the run's own state
        return (
          eventReaders.every(({ items }) => items.length >= events.length) &&
          transcriptReaders.every(({ items }) => JSON.stringify(folded(items)) === JSON.stringify(entries))
        );
      };
      await eventually(caughtUp).catch(() => undefined); // what is missing is shown below
      readers.forEach(reader => reader.stop());
      await reading;
      for (const reader of eventReaders) expect(reader.items.map(item => item.event)).toEqual(events);
      for (const reader of transcriptReaders) expect(folded(reader.items)).toEqual(entries);
      expect(Math.min(...readers.map(reader => reader.drops))).toBeGreaterThan(0);
      expect(entries.find(entry => entry.step === 'one')?.__typename).toBeDefined();
      const spoken = entries.find(entry => entry.step === 'two' && entry.name === 'command')?.streamed;
      expect(spoken).toBe(Array.from({ length: 20 }, (_, at) => `two ${at + 1}\n`).join(''));
    },
    PATIENCE_MS,
  );

  it('is told when it has no right to read, or when the run is not there', async () => {
    const unknown = new FlakyReader(api, RUN_EVENTS, 'run_01999999-0000-7000-8000-000000000000');
    await expect(unknown.read()).rejects.toThrow(/NOT_FOUND/);
  });
});
