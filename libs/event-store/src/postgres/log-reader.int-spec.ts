import pg from 'pg';
import { events, freshStream } from '../contract/contract-world.js';
import { START } from '../port.js';
import type { StreamRef } from '../port.js';
import { LogReader } from './log-reader.js';
import type { PageRequest } from './log-reader.js';
import type { Parameter, Statement } from './prepared-call.js';
import { createPool } from './session.js';
import { Sessions } from './sessions.js';
import { openPostgres } from './store-under-test.fixture.js';
import type { PostgresUnderTest } from './store-under-test.fixture.js';

const EVENTS = 5_000;
const LIMIT = 50;

let under: PostgresUnderTest;
let sessions: Sessions;
let explaining: pg.Pool;
const stream: StreamRef = { ...freshStream(), tenant: 'ws_reader' };
beforeAll(async () => {
  under = await openPostgres();
  sessions = new Sessions({ connectionString: under.url }, () => undefined);
  explaining = createPool({ connectionString: under.url, poolSize: 1 }, () => undefined);
  for (const table of ['event', 'stream'])
    await under.pool.query(`alter table runledger.${table} set (autovacuum_enabled = false)`);
  for (let from = 0; from < EVENTS; from += 1_000)
    await under.store.append(stream, events(1_000, { type: 'Common' }), from === 0 ? 'no-stream' : from - 1);
});
afterAll(async () => {
  await Promise.all([explaining.end(), sessions.close()]);
  await under.close();
});

interface Plan {
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly Plan[];
}

/** Events and streams that a plan looked at. */
function lookedAt(plan: Plan): number {
  const perLoop = plan['Actual Rows'] + (plan['Rows Removed by Filter'] ?? 0);
  const own = plan['Relation Name'] === undefined ? 0 : perLoop * plan['Actual Loops'];
  return (plan.Plans ?? []).reduce((sum, part) => sum + lookedAt(part), own);
}

/** A reader whose statements are explained as its sessions plan them, and then run. */
function watchedReader(): { readonly reader: LogReader; readonly seen: () => number } {
  let seen = 0;
  const run = async (statement: Statement, values: readonly Parameter[]) => {
    const name = pg.escapeIdentifier(`watched-${statement.name}`);
    await explaining.query(`prepare ${name} as ${statement.text}`);
    const given = values.map(value => literal(value)).join(', ');
    const { rows } = await explaining.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
      `explain (analyze, format json) execute ${name}${given && `(${given})`}`,
    );
    await explaining.query(`deallocate ${name}`);
    for (const row of rows) seen += lookedAt(row['QUERY PLAN'][0].Plan);
    return sessions.run(statement, values);
  };
  return { reader: new LogReader({ run }, 'runledger'), seen: () => seen };
}

function literal(value: Parameter): string {
  if (value === null) return 'null';
  const text = Array.isArray(value) ? `{${value.join(',')}}` : String(value);
  return pg.escapeLiteral(text);
}

const PAGES: Record<string, Omit<PageRequest, 'after' | 'limit'>> = {
  'of everything': {},
  'of some types': { types: ['Common', 'Rare'] },
  'of a tenant': { tenant: stream.tenant },
  'of a category': { categories: ['thing'] },
  'of one story': { correlationId: 'run_contract' },
};

describe('the reader of the log, before anything is known of its tables', () => {
  it.each(Object.entries(PAGES))('looks at no more events than a page %s holds', async (_what, filter) => {
    const { reader, seen } = watchedReader();
    const first = await reader.page({ ...filter, after: START, limit: LIMIT });
    const second = await reader.page({ ...filter, after: first.scannedTo, limit: LIMIT });
    expect(second.events).toHaveLength(LIMIT);
    expect(seen()).toBeGreaterThanOrEqual(2 * LIMIT);
    expect(seen()).toBeLessThanOrEqual(2 * LIMIT + 10);
  });

  it.each(['forwards', 'backwards'] as const)('walks along a stream %s', async direction => {
    const { reader, seen } = watchedReader();
    const { events: found } = await reader.stream(stream, { direction, from: EVENTS / 2, limit: LIMIT });
    expect(found).toHaveLength(LIMIT);
    expect(seen()).toBeLessThanOrEqual(LIMIT + 10);
  });
});

describe('a hole in the log that is wider than one look', () => {
  it('is passed, and the reader stands at an event before and after it', async () => {
    const other = { ...freshStream(), tenant: 'ws_behind' };
    const before = await under.store.head();
    await under.pool.query(`select setval('runledger.gpos', (select last_value from runledger.gpos) + 70000)`);
    await under.store.append(other, events(2, { type: 'Rare' }), 'no-stream');
    const { events: found, scannedTo } = await under.store.readAll({ after: before, types: ['Rare'], limit: 10 });
    expect(found.map(({ stream: name, revision }) => [name, revision])).toEqual([
      [other.name, 0],
      [other.name, 1],
    ]);
    expect(scannedTo).toBe(found[1]?.position);
    const upToHole = await new LogReader(sessions, 'runledger').page({ after: START, types: ['Rare'], limit: 10 });
    expect(upToHole).toEqual({ events: [], scannedTo: before, atHead: false });
  });
});
