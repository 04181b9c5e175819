import type { Partitions } from '@runledger/event-store';
import { RetryableError } from '@runledger/kernel';
import { eventually } from '@runledger/testing';
import { ledger, OrderPlaced } from './read-model.fixture.js';
import { items, partitionsOf, share, shared } from './sharing.fixture.js';
import { shopWorld } from './shop-world.fixture.js';
import type { ShopWorld } from './shop-world.fixture.js';

/** Checkpoints cannot be read or moved until it comes back; leases are kept nevertheless. */
function databaseThatGoesAway(partitions: Partitions) {
  const [advance, read] = [partitions.advance.bind(partitions), partitions.read.bind(partitions)];
  const database = { refused: 0, comeBack: () => Object.assign(partitions, { advance, read }) };
  const refuse = () => {
    database.refused += 1;
    return Promise.reject(Object.assign(new Error('the database system is starting up'), { code: '57P03' }));
  };
  Object.assign(partitions, { advance: refuse, read: refuse });
  return database;
}

/** Brings rows and checkpoints back to what they are now, as the recovery of a server does that died before the newest commits were on disk. */
async function remembered({ pool, parts }: ShopWorld, projection: string): Promise<() => Promise<void>> {
  const consumer = `projection/${projection}`;
  const places = await parts.checkpoints.partitions.read(consumer, 1);
  const { rows } = await pool.query<{ position: string }>(`SELECT position FROM shop.${projection}`);
  const positions = rows.map(({ position }) => position);
  return async () => {
    const client = await pool.connect();
    try {
      await client.query('BEGIN');
      for (const { partition, position } of places) {
        const values = [consumer, partition, String(position)];
        await client.query(
          'UPDATE runledger.partition_checkpoint SET position = $3 WHERE consumer = $1 AND partition = $2',
          values,
        );
      }
      await client.query(`DELETE FROM shop.${projection} WHERE NOT position = ANY ($1)`, [positions]);
      await client.query('COMMIT');
    } finally {
      client.release();
    }
  };
}

/** A function whose calls wait until they may go on. */
function pausedCall<Given extends unknown[], Answer>(really: (...given: Given) => Promise<Answer>) {
  let tell: () => void = () => undefined;
  let goOn: () => void = () => undefined;
  const begun = new Promise<void>(resolve => (tell = resolve));
  const free = new Promise<void>(resolve => (goOn = resolve));
  const call = async (...given: Given) => {
    tell();
    await free;
    return really(...given);
  };
  return { begun, call, goOn: () => goOn() };
}

/** Waits for a heartbeat after the one that is known. */
function nextBeat({ pool }: ShopWorld, known: string): Promise<string> {
  const text = 'SELECT max(expires_at)::text AS beat FROM runledger.member';
  return eventually(async () => {
    const { rows } = await pool.query<{ beat: string }>(text);
    return rows[0]?.beat !== known && rows[0]?.beat;
  }) as Promise<string>;
}

describe('a shared projection whose database is away, or has forgotten', () => {
  let shop: ShopWorld;
  beforeEach(async () => {
    shop = await shopWorld();
  });
  afterEach(() => shop.close());

  it('goes on when the work is shared out anew while the database is away', async () => {
    const [ada, bob] = [shop.sharingHost('ada'), shop.sharingHost('bob')];
    await Promise.all([ada.host.start(shared), bob.host.start(shared)]);
    await share(shop, 'ada', 'bob');
    const database = databaseThatGoesAway(shop.parts.checkpoints.partitions);
    const end = await shop.trade(20, 2);
    await eventually(() => expect(database.refused).toBeGreaterThan(4));
    await bob.host.stop();
    const adas = `SELECT FROM runledger.partition_checkpoint WHERE consumer = 'projection/orders' AND owner LIKE 'ada%'`;
    await eventually(async () => expect((await shop.pool.query(adas)).rowCount).toBe(16));
    database.comeBack();
    await ada.host.reached('orders', end, 60_000);
    await eventually(() => expect(ada.host.status()).toMatchObject([{ state: 'live' }]));
    expect(await items(shop)).toEqual({ items: 40 });
  });

  it('reads again what a database that died has forgotten, although it was told of it', async () => {
    const { host } = shop.sharingHost('ada');
    await host.start({ ...ledger, partitioned: true });
    await eventually(async () => expect(await partitionsOf(shop, 'ada', 'ledger')).toBe(16));
    await host.reached('ledger', await shop.trade(8, 2), 60_000);
    const forget = await remembered(shop, 'ledger');
    await host.reached('ledger', await shop.trade(8, 2, 'forgotten'), 60_000);
    const database = databaseThatGoesAway(shop.parts.checkpoints.partitions);
    await forget();
    const end = await shop.trade(8, 2, 'later');
    await eventually(() => expect(database.refused).toBeGreaterThan(4));
    database.comeBack();
    await host.reached('ledger', end, 60_000);
    expect(await shop.rows('ledger')).toHaveLength(48);
    await eventually(() => expect(host.status()).toMatchObject([{ state: 'live' }]));
  });

  it('reads them again although nothing more is written, and promises nobody meanwhile that they are there', async () => {
    const [ada, bob] = [shop.sharingHost('ada'), shop.sharingHost('bob')];
    const spread = { ...ledger, partitioned: true };
    await Promise.all([ada, bob].map(({ host }) => host.start(spread)));
    await eventually(async () => expect(await partitionsOf(shop, 'ada', 'ledger')).toBe(8));
    await Promise.all([ada, bob].map(async ({ host }) => host.reached('ledger', await shop.trade(8, 2), 60_000)));
    const forget = await remembered(shop, 'ledger');
    const end = await shop.trade(8, 2, 'forgotten');
    await Promise.all([ada, bob].map(({ host }) => host.reached('ledger', end, 60_000)));
    const { partitions } = shop.parts.checkpoints;
    const advance = partitions.advance.bind(partitions);
    partitions.advance = () => Promise.reject(new RetryableError('BUSY', 'nothing can be written now'));
    await forget();
    for (const { host } of [ada, bob]) {
      const promised = () => host.reached('ledger', end, 50).then(() => 'there', String);
      await eventually(async () => expect(await promised()).toContain('ask again'));
    }
    partitions.advance = advance;
    await eventually(async () => expect(await shop.rows('ledger')).toHaveLength(48));
    for (const { host } of [ada, bob]) {
      await host.reached('ledger', end, 60_000);
      await eventually(() => expect(host.status()).toMatchObject([{ state: 'live' }]));
    }
  });

  it('reads them again when it finds that out by itself at the moment at which it is told', async () => {
    const { host } = shop.sharingHost('ada');
    await host.start({ ...ledger, partitioned: true });
    await eventually(async () => expect(await partitionsOf(shop, 'ada', 'ledger')).toBe(16));
    await host.reached('ledger', await shop.trade(8, 2), 60_000);
    const forget = await remembered(shop, 'ledger');
    await host.reached('ledger', await shop.trade(8, 2, 'forgotten'), 60_000);
    const { partitions } = shop.parts.checkpoints;
    const read = partitions.read.bind(partitions);
    const database = databaseThatGoesAway(partitions);
    const asked = pausedCall(read);
    partitions.read = asked.call;
    // It does not want this one, so only its checkpoints are to move. They cannot, and it asks where they stand.
    await shop.write('unwanted', OrderPlaced({ order: 'unwanted', customer: 'ada' }));
    await asked.begun;
    await forget();
    for (let beats = 0, last = ''; beats < 3; beats += 1) last = await nextBeat(shop, last);
    database.comeBack();
    asked.goOn();
    await eventually(async () => expect(await shop.rows('ledger')).toHaveLength(32));
  });
});
