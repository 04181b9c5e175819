import pg from 'pg';
import { anEvent, events, follow, freshStream, idsOf } from '../contract/contract-world.js';
import { START } from '../port.js';
import { openPostgres } from './store-under-test.fixture.js';
import type { PostgresUnderTest } from './store-under-test.fixture.js';

let under: PostgresUnderTest;
const problems: Error[] = [];
/** In the latter half of these, two followers share what they read. */
const ROUNDS = 20;
beforeAll(async () => {
  under = await openPostgres({ onProblem: error => problems.push(error) });
});
afterAll(async () => {
  await under.close();
});

describe('subscriptions on PostgreSQL', () => {
  it('share what they read: the same objects, not copies', async () => {
    const stream = freshStream();
    const after = await under.store.head();
    let [heads, seen] = [0, 0];
    const both = [1, 2].map(() =>
      follow(under.store, { after, tenant: stream.tenant }, (all, batches) => {
        if (batches.length === 1) heads += 1;
        seen += batches.at(-1)?.events.length ?? 0;
        // Until what they share has begun each reads for itself, so one event after another comes when both have the last.
        if (heads === 2 && seen % 2 === 0 && all.length < ROUNDS) void under.store.append(stream, events(1), 'any');
        return all.length >= ROUNDS;
      }),
    );
    const [one, other] = await Promise.all(both);
    for (let n = ROUNDS / 2; n < ROUNDS; n += 1) expect(one?.events[n]).toBe(other?.events[n]);
  });

  it('fall back to reading pages when their reader is far behind, and lose nothing', async () => {
    const stream = freshStream();
    const ending = new AbortController();
    const after = await under.store.head();
    const seen: string[] = [];
    let wrote = false;
    for await (const batch of under.store.subscribe({ after, batchSize: 1_000, signal: ending.signal })) {
      seen.push(...idsOf(batch.events));
      if (seen.length === 15_000) ending.abort();
      if (wrote) continue;
      wrote = true;
      // More than the tail keeps, while this reader is busy.
      for (let n = 0; n < 15; n += 1) await under.store.append(stream, events(1_000), 'any');
      await new Promise(resolve => setTimeout(resolve, 100));
    }
    expect(new Set(seen).size).toBe(15_000);
  });

  it('go on after the server has ended all connections and refused new ones for a while', async () => {
    const stream = freshStream();
    const after = await under.store.head();
    const admin = new pg.Client({ connectionString: under.url.replace(/\/[^/]*$/, '/postgres') });
    await admin.connect();
    const database = new URL(under.url).pathname.slice(1);
    const [before, later] = [events(3), events(3)];
    const { events: seen } = await follow(under.store, { after, tenant: stream.tenant }, (all, batches) => {
      if (batches.length === 1) void under.store.append(stream, before, 'any');
      if (all.length === 3) void outage().then(() => under.store.append(stream, later, 'any'));
      return all.length === 6;
    });
    expect(idsOf(seen)).toEqual(idsOf([...before, ...later]));
    expect(problems.length).toBeGreaterThan(0);
    await admin.end();

    async function outage(): Promise<void> {
      await admin.query(`alter database ${database} allow_connections false`);
      await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [database]);
      await new Promise(resolve => setTimeout(resolve, 700));
      await admin.query(`alter database ${database} allow_connections true`);
    }
  });

  it('hear of what another process appends without looking for it', async () => {
    const never = under.openStore({ lookAgainMs: 3_600_000 });
    const other = under.another();
    const stream = freshStream();
    const seen = new Set<string>();
    // A notice may be lost until both are connected; the next one makes up for it.
    const send = async () => {
      for (let n = 0; n < 1_000 && seen.size < 20; n += 1) {
        await other.append(stream, [anEvent()], 'any');
        await new Promise(resolve => setTimeout(resolve, 10));
      }
    };
    let sending: Promise<void> | undefined;
    await follow(never, { after: await under.store.head(), tenant: stream.tenant }, all => {
      sending ??= send();
      for (const { id } of all) seen.add(id);
      return seen.size >= 20;
    });
    await sending;
    expect(seen.size).toBeGreaterThanOrEqual(20);
    await Promise.all([never.close(), other.close()]);
  });

  it('leave behind how far the log reaches, for whoever wants to know without asking', async () => {
    const store = under.another();
    expect(store.reached).toBe(START);
    const stream = freshStream();
    const after = await under.store.head();
    await under.store.append(stream, events(3), 'any');
    const { events: seen } = await follow(store, { after, tenant: stream.tenant }, all => all.length === 3);
    expect(store.reached).toBeGreaterThanOrEqual(seen[2]?.position ?? START);
    expect(store.reached).toBeLessThanOrEqual(await under.store.head());
    await store.close();
  });

  it('end when the store is closed', async () => {
    const store = under.another();
    let batches = 0;
    for await (const _batch of store.subscribe({ after: START, signal: new AbortController().signal })) {
      batches += 1;
      if (batches === 1) setTimeout(() => void store.close(), 50);
    }
    await store.close();
    expect(batches).toBeGreaterThan(0);
  });
});
