import { isDeepStrictEqual } from 'node:util';
import { catalogue } from '@runledger/contracts';
import { migrateSchema } from '@runledger/event-store';
import type { RecordedEvent } from '@runledger/event-store';
import { recordedEvents } from '@runledger/projections';
import { servicePool } from '@runledger/platform';
import type { PoolClient } from 'pg';
import type { Consumer } from '../consuming/define-consumer.js';
import { effectsOf, statementsIn } from '../consuming/effects.js';
import type { EventName, PlatformEvent } from '../consuming/platform-events.js';
import type { Migration } from '../service/define-service.js';

export type EventNamed<Name extends EventName> = Extract<PlatformEvent, { readonly type: Name }>;

export interface WhenHandled {
  /** Fails unless the query answers exactly these rows. */
  thenRows(sql: string, ...expected: readonly object[]): Promise<void>;
  /** Fails unless handling the last event throws an error with these words. */
  thenFails(words: string | RegExp): Promise<void>;
}

export interface GivenEvents<Name extends EventName> extends WhenHandled {
  when(...events: readonly EventNamed<Name>[]): WhenHandled;
}

export interface ConsumerSpec<Name extends EventName> {
  given(...events: readonly EventNamed<Name>[]): GivenEvents<Name>;
  close(): Promise<void>;
}

/**
 * A consumer's rule book on a real database: `await spec.given(...events).when(...events).thenRows(sql, ...rows)`. Each sentence
 * begins with empty tables and leaves nothing behind. Events that could not be in the log fail it.
 */
export async function testConsumer<Name extends EventName>(
  consumer: Consumer<Name>,
  database: { readonly url: string; readonly migrations?: readonly Migration[] },
): Promise<ConsumerSpec<Name>> {
  const schema = `spec_${consumer.name.replaceAll('-', '_')}`.slice(0, 41);
  const options = `-c search_path=${schema}`;
  const pool = servicePool({ connectionString: database.url, max: 1, options });
  await migrateSchema(pool, { schema, migrations: database.migrations ?? [] });
  const sentence = (events: readonly PlatformEvent[]): WhenHandled => ({
    thenRows: (sql, ...expected) =>
      rolledBack(pool, async client => {
        for (const event of recorded(consumer, events)) await handle(consumer, event, client);
        const rows = await statementsIn(client).query(sql);
        if (!isDeepStrictEqual(plain(rows), plain(expected)))
          throw new Error(`${consumer.name} has other rows.\nexpected: ${show(expected)}\nfound:    ${show(rows)}`);
      }),
    thenFails: words =>
      rolledBack(pool, async client => {
        const all = recorded(consumer, events);
        for (const event of all.slice(0, -1)) await handle(consumer, event, client);
        await failsWith(words, all.slice(-1).map(event => handle(consumer, event, client))[0], consumer.name);
      }),
  });
  return {
    given: (...before) => ({ ...sentence(before), when: (...events) => sentence([...before, ...events]) }),
    close: () => pool.end(),
  };
}

function handle(consumer: Consumer, event: RecordedEvent, client: PoolClient): Promise<void> {
  return consumer.handle(event, effectsOf(client, consumer.name, event));
}

/** As the log would hand them over, each checked: of a type that is consumed, and with data that could be written. */
function recorded(consumer: Consumer, events: readonly PlatformEvent[]): readonly RecordedEvent[] {
  const written = events.map(({ type, data }) => {
    if (!consumer.events.includes(type)) throw new TypeError(`${consumer.name} does not consume ${type}.`);
    return { type, data: plain(catalogue.find(type)?.schema.parse(data)) };
  });
  return recordedEvents(written);
}

async function failsWith(words: string | RegExp, handling: Promise<void> | undefined, name: string): Promise<void> {
  const message = await handling?.then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  if (message === undefined) throw new Error(`${name} handled the last event; it was expected to fail.`);
  const isMeant = typeof words === 'string' ? message.includes(words) : words.test(message);
  if (!isMeant) throw new Error(`${name} failed with other words: ${message}`);
}

async function rolledBack(pool: ReturnType<typeof servicePool>, work: (client: PoolClient) => Promise<void>) {
  const client = await pool.connect();
  try {
    await client.query('begin');
    await work(client);
  } finally {
    await client.query('rollback');
    client.release();
  }
}

function plain(value: unknown): unknown {
  return value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown);
}

function show(rows: readonly object[]): string {
  return JSON.stringify(rows);
}
