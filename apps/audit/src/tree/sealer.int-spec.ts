import { newUuid } from '@runledger/event-store';
import { eventually } from '@runledger/testing';
import { append, EXAMPLES, openAuditWorld, writeExamples } from '../audit-world.fixture.js';
import type { AuditWorld } from '../audit-world.fixture.js';
import { seal } from './sealing.js';
import { TreeRows } from './tree-rows.js';

let world: AuditWorld;
const sealed = () => new TreeRows(world.pool).sealed();
const isWhole = async () => {
  const { events } = await world.store.readAll({ after: 0n, limit: 1_000 });
  await eventually(async () => expect((await sealed()).size).toBe(events.length));
};
const somethingHappens = () => append(world.store, `flow-${newUuid()}`, { ...EXAMPLES[0]!, id: newUuid() });

beforeAll(async () => {
  world = await openAuditWorld();
  await writeExamples(world.store);
  await isWhole();
});

afterAll(() => world.close());

describe('the sealing of a log', () => {
  it('takes each event once, however often it comes (R1)', async () => {
    const client = await world.pool.connect();
    const [before, { events }] = [await sealed(), await world.store.readAll({ after: 0n, limit: 1_000 })];
    await client.query('begin');
    try {
      expect(await seal(client, before, events)).toEqual(before);
      const { rows } = await client.query('select count(*)::int as entries from audit.entry');
      expect(rows).toEqual([{ entries: events.length }]);
    } finally {
      await client.query('rollback');
      client.release();
    }
  });

  it('is said to fail while it does, and goes on by itself when it can', async () => {
    const { sealer } = world.audit;
    await world.pool.query('alter table audit.entry rename to entry_away');
    await somethingHappens();
    await eventually(() =>
      expect(sealer.status()).toMatchObject({
        state: 'faulted',
        partitions: [0],
        fault: { message: expect.stringContaining('audit.entry') as string },
      }),
    );
    await world.pool.query('alter table audit.entry_away rename to entry');
    await isWhole();
    await eventually(() => expect(sealer.status()).toMatchObject({ state: 'live', partitions: [0] }));
    expect(sealer.status().fault).toBeUndefined();
  });

  it('is refused of another log than that of the tree, and both are named', async () => {
    const { rows } = await world.pool.query<{ log: string }>('select log from audit.tree');
    const [other, log] = [newUuid(), rows[0]?.log];
    await world.pool.query('update audit.tree set log = $1', [other]);
    const opening = world.open();
    await expect(opening).rejects.toMatchObject({ code: 'FOREIGN_TREE', fields: { tree: other, log } });
    await world.pool.query('update audit.tree set log = $1', [log]);
  });

  it('is taken over by a process that starts, and the one before seals no more', async () => {
    const [{ sealer: before }, { sealer }] = [world.audit, await world.open()];
    await eventually(() => expect([before.isAtWork, sealer.isAtWork]).toEqual([false, true]));
    expect(before.status()).toMatchObject({ partitions: [] });
    await somethingHappens();
    await isWhole();
    await sealer.stop();
    expect([sealer.isAtWork, sealer.status().state]).toEqual([false, 'stopped']);
  });
});
