import { testDatabase } from '@runledger/testing';
import type { TestDatabase } from '@runledger/testing';
import { DataSource } from 'typeorm';
import { defineView, foldView } from './define-view.js';
import {
  CreateShop1700000000001,
  ItemAdded,
  ledger,
  OrderCancelled,
  OrderPlaced,
  orders,
} from './read-model.fixture.js';
import type { OrderEvent, OrderView } from './read-model.fixture.js';
import { readModelOptions } from './read-model-database.js';
import { migrateReadModels } from './read-model-migrations.js';
import { recordedEvents, specifyProjection } from './specify-projection.js';

const placed = OrderPlaced({ order: 'o1', customer: 'ada' });
const added = ItemAdded({ order: 'o1', item: 'tea', cents: 250 });
const history = recordedEvents([
  placed,
  OrderPlaced({ order: 'o2', customer: 'eve' }),
  added,
  OrderCancelled({ order: 'o2' }),
]);

describe('read models', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  const shop = () =>
    new DataSource(
      readModelOptions({ url: database.url, schema: 'shop', entities: [], migrations: [CreateShop1700000000001] }),
    );

  beforeAll(async () => {
    database = await testDatabase();
    dataSource = shop();
    await migrateReadModels(dataSource);
  });
  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  it('are migrated once, however many services start at the same time', async () => {
    const others = [shop(), shop(), shop()];
    await dataSource.query('DROP SCHEMA shop CASCADE');
    const ran = await Promise.all(others.map(other => migrateReadModels(other)));
    await Promise.all(others.map(other => other.destroy()));
    expect(ran.flat()).toEqual(['ProjectionState1700000000000', 'CreateShop1700000000001']);
  });

  it('can be specified by given events and expected rows', async () => {
    const given = specifyProjection(orders, dataSource);
    await given(...history).thenRows({ key: 'o1', customer: 'ada', cents: 250, items: ['tea'] });
    await given().thenRows();
    await specifyProjection(ledger, dataSource)(...history).thenRows({ position: 3, item: 'tea' });
    await expect(given(...history).thenRows({ key: 'o1', cents: 251 })).rejects.toThrow('orders has other rows');
    await expect(given(...history).thenRows()).rejects.toThrow('orders has other rows');
    expect(await dataSource.query('SELECT * FROM shop.orders')).toEqual([]);
  });

  it('fail their specification when they depend on how events are batched', async () => {
    let batches = 0;
    const careless = defineView<OrderView, OrderEvent>({
      ...orders,
      name: 'counting',
      columns: (view, key) => ({ ...orders.columns(view, key), cents: batches }),
    });
    const apply: typeof careless.apply = (events, rows) => ((batches += 1), careless.apply(events, rows));
    await expect(specifyProjection({ ...careless, apply }, dataSource)(...history).rows()).rejects.toThrow(
      'counting depends on batches',
    );
  });

  it('can be seen as of any event, by the same reducer', () => {
    expect(foldView(orders, history, 'o1')).toEqual({ customer: 'ada', cents: 250, items: ['tea'] });
    expect(foldView(orders, history.slice(0, 2), 'o1')).toEqual({ customer: 'ada', cents: 0, items: [] });
    expect(foldView(orders, history, 'o2')).toBeUndefined();
    expect(foldView(orders, [], 'o1')).toBeUndefined();
  });

  it('take plain names for tables and columns only', () => {
    expect(() => defineView<OrderView, OrderEvent>({ ...orders, table: 'orders; DROP TABLE x' })).toThrow(
      'no SQL name',
    );
  });
});
