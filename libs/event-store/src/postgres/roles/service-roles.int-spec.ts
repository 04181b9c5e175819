import { randomBytes } from 'node:crypto';
import { events } from '../../contract/contract-world.js';
import type { EventStore } from '../../port.js';
import { PostgresCheckpoints } from '../postgres-checkpoints.js';
import { createPool } from '../session.js';
import { openPostgres } from '../store-under-test.fixture.js';
import type { PostgresUnderTest } from '../store-under-test.fixture.js';
import { grantedServiceRoles, grantServiceRoles } from './service-roles.js';
import type { ServiceRole } from './service-roles.js';

const suffix = randomBytes(4).toString('hex');
const roleOf = (service: string) => `spec_${service}_${suffix}`;
const KITCHEN: ServiceRole = {
  service: 'kitchen',
  role: roleOf('kitchen'),
  categories: ['meal', 'menu'],
  consumers: ['reactor/kitchen.'],
};
const BAR: ServiceRole = { service: 'bar', role: roleOf('bar'), categories: ['drink'], consumers: ['reactor/bar.'] };

let under: PostgresUnderTest;
let kitchen: EventStore;
beforeAll(async () => {
  under = await openPostgres();
  for (const { role } of [KITCHEN, BAR]) await under.pool.query(`create role ${role} login password 'spec'`);
  await grantServiceRoles(under.pool, [KITCHEN, BAR]);
  kitchen = under.openStore({ connectionString: urlOf(KITCHEN) });
});
afterAll(async () => {
  await under.close();
  // Roles belong to the server, not to the database that has gone.
  const server = createPool({ connectionString: process.env['RUNLEDGER_TEST_POSTGRES_URL'] ?? '' }, () => undefined);
  for (const { role } of [KITCHEN, BAR]) await server.query(`drop role if exists ${role}`);
  await server.end();
});

describe('a service with a database role of its own (E3)', () => {
  const stream = (name: string) => ({ tenant: 'w1', name });

  it('appends to its streams like everyone, in every way there is', async () => {
    expect(await kitchen.append(stream('meal-1'), events(2), 'no-stream')).toMatchObject({ revision: 1 });
    const more = events(1);
    expect(await kitchen.append(stream('meal-1'), more, 1)).toMatchObject({ status: 'appended', revision: 2 });
    expect(await kitchen.append(stream('meal-1'), more, 1)).toMatchObject({ status: 'duplicate', revision: 2 });
    expect(await kitchen.append(stream('meal-1'), events(1), 0)).toEqual({ status: 'conflict', revision: 2 });
    const many = Array.from({ length: 20 }, (_, n) => kitchen.append(stream(`menu-${n}`), events(1), 'any'));
    expect((await Promise.all(many)).map(({ status }) => status)).toEqual(Array(20).fill('appended'));
    expect(await kitchen.deleteStream(stream('menu-1'), 0)).toMatchObject({ status: 'appended' });
  });

  it('is refused the streams of another service, and nothing is stored', async () => {
    const refusal = { code: 'FOREIGN_STREAM', fields: { role: KITCHEN.role, stream: 'drink-1' } };
    await expect(kitchen.append(stream('drink-1'), events(1), 'no-stream')).rejects.toMatchObject(refusal);
    await expect(kitchen.append(stream('drink-1'), events(1), 0)).rejects.toMatchObject(refusal);
    await expect(kitchen.append(stream('drink-1'), events(1), 'any')).rejects.toMatchObject(refusal);
    await expect(kitchen.tombstoneStream(stream('drink-1'), 'any')).rejects.toMatchObject(refusal);
    expect(await under.store.readStream(stream('drink-1'))).toMatchObject({ state: 'absent' });
  });

  it('is refused streams that no service owns', async () => {
    await expect(kitchen.append(stream('whatever-1'), events(1), 'any')).rejects.toMatchObject({
      code: 'FOREIGN_STREAM',
    });
  });

  it('does not spoil the appends that share a transaction with a refused one', async () => {
    const names = ['meal-a', 'drink-b', 'meal-c', 'drink-d'];
    const outcomes = await Promise.allSettled(names.map(name => kitchen.append(stream(name), events(1), 'no-stream')));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected']);
  });

  it('reads and follows the whole log', async () => {
    await under.store.append(stream('drink-read'), events(1), 'no-stream');
    expect((await kitchen.readStream(stream('drink-read'))).events).toHaveLength(1);
    const { events: all } = await kitchen.readAll({ after: 0n, categories: ['drink'] });
    expect(all.map(event => event.stream)).toContain('drink-read');
    expect(await kitchen.head()).toBe(await under.store.head());
    const ending = new AbortController();
    for await (const batch of kitchen.subscribe({ after: 0n, signal: ending.signal })) {
      expect(batch.events.length).toBeGreaterThan(0);
      ending.abort();
    }
  });

  it('moves its own checkpoints and only reads those of others', async () => {
    const pool = createPool({ connectionString: urlOf(KITCHEN) }, () => undefined);
    try {
      const mine = new PostgresCheckpoints(pool);
      const lease = await mine.acquire('reactor/kitchen.orders', 1, 'spec');
      expect((await mine.advance(lease, 1n)).position).toBe(1n);
      await new PostgresCheckpoints(under.pool).acquire('reactor/bar.orders', 1, 'spec');
      expect(await mine.read('reactor/bar.orders', 1)).toBe(0n);
      await expect(mine.acquire('reactor/bar.orders', 1, 'thief')).rejects.toThrow('row-level security');
      await expect(mine.acquire('reactor/bar.new', 1, 'thief')).rejects.toThrow('row-level security');
    } finally {
      await pool.end();
    }
  });

  it('shares its own partitions, parks events there, and hears what others ask about them', async () => {
    const pools = [KITCHEN, BAR].map(service => createPool({ connectionString: urlOf(service) }, () => undefined));
    try {
      const [mine, theirs] = pools.map(pool => new PostgresCheckpoints(pool));
      const consumers = [{ consumer: 'reactor/kitchen.shared', version: 1 }];
      await mine!.partitions.prepare('reactor/kitchen.shared', 1);
      const beat = { member: 'cook', ttlMs: 60_000, consumers, joining: true };
      const [standing] = (await mine!.partitions.heartbeat(beat))!;
      expect(standing?.leases).toHaveLength(16);
      await kitchen.append(stream('meal-park'), events(1), 'no-stream');
      const [event] = (await kitchen.readStream(stream('meal-park'))).events;
      const failure = { attempts: 1, failingForMs: 0, code: 'BURNT', message: 'burnt' };
      await mine!.parking.park(standing!.leases[0]!, 'run', event!, failure);
      const [parked] = await theirs!.parked.list({ consumer: 'reactor/kitchen.shared' });
      expect(await theirs!.parked.requestRetry(parked!.id, { by: 'waiter' })).toMatchObject({
        retryRequested: { by: 'waiter' },
      });
      expect(await mine!.parking.queues(standing!.leases)).toMatchObject([{ wanted: true }]);
      const seizing = { ...beat, member: 'thief', seizing: consumers };
      expect((await theirs!.partitions.heartbeat(seizing))?.[0]?.leases).toEqual([]);
    } finally {
      await Promise.all(pools.map(pool => pool.end()));
    }
  });

  it.each([
    ['add an event', `insert into runledger.event select * from runledger.event limit 1`],
    ['change an event', `update runledger.event set data = '{}'`],
    ['remove an event', `delete from runledger.event`],
    ['move a stream', `update runledger.stream set revision = 0`],
    ['empty the log', `truncate runledger.event`],
    ['take a position', `select nextval('runledger.gpos')`],
    ['make itself an owner', `insert into runledger.stream_writer values ('drink', 'kitchen')`],
    ['rename the log', `update runledger.store set epoch = gen_random_uuid()`],
    ['make tables here', `create table runledger.mine (id int)`],
    ['act as its neighbour', `set role ${BAR.role}`],
  ])('cannot %s past the append functions', async (_what, statement) => {
    const pool = createPool({ connectionString: urlOf(KITCHEN) }, () => undefined);
    try {
      await expect(pool.query(statement)).rejects.toMatchObject({ code: '42501' });
    } finally {
      await pool.end();
    }
  });
});

describe('granting the roles again', () => {
  it('changes nothing when nothing changed', async () => {
    const before = await under.pool.query(ACL);
    await grantServiceRoles(under.pool, [KITCHEN, BAR]);
    expect((await under.pool.query(ACL)).rows).toEqual(before.rows);
    expect(await grantedServiceRoles(under.pool)).toEqual(
      new Map([
        ['kitchen', KITCHEN.role],
        ['bar', BAR.role],
      ]),
    );
  });

  it('moves a category to the service that owns it now', async () => {
    await grantServiceRoles(under.pool, [
      { ...KITCHEN, categories: ['meal'] },
      { ...BAR, categories: ['drink', 'menu'] },
    ]);
    const name = { tenant: 'w1', name: 'menu-moved' };
    await expect(kitchen.append(name, events(1), 'any')).rejects.toMatchObject({ code: 'FOREIGN_STREAM' });
    const bar = under.openStore({ connectionString: urlOf(BAR) });
    expect(await bar.append(name, events(1), 'any')).toMatchObject({ status: 'appended' });
    await grantServiceRoles(under.pool, [KITCHEN, BAR]);
  });

  it('is not needed: without roles the owner of the tables writes every stream', async () => {
    expect(await under.store.append({ tenant: 'w1', name: 'drink-9' }, events(1), 'any')).toMatchObject({
      revision: 0,
    });
  });
});

const ACL = `select relname, relacl::text from pg_class where relnamespace = 'runledger'::regnamespace order by 1`;

function urlOf({ role }: ServiceRole): string {
  const url = new URL(under.url);
  url.username = role;
  url.password = 'spec';
  return url.href;
}
