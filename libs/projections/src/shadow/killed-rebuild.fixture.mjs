/** Rebuilds the shop's ledger in a process of its own, slowly after the first pages, to be killed on the way. */
import { createPostgresEventStore, PostgresCheckpoints } from '@runledger/event-store';
import { defineEvent, EventCatalogue } from '@runledger/kernel';
import { defineRows, readModelOptions, rebuild } from '@runledger/projections';
import pg from 'pg';
import { DataSource } from 'typeorm';

class CreateShop1700000000001 {
  async up(runner) {
    await runner.query(
      'CREATE TABLE ledger (position bigint PRIMARY KEY, ordered timestamptz NOT NULL, item text NOT NULL, detail jsonb NOT NULL)',
    );
    await runner.query(`CREATE TABLE orders (
      key text PRIMARY KEY, customer text NOT NULL, cents bigint NOT NULL, items text[] NOT NULL, note text, view json NOT NULL)`);
  }
}

const url = process.argv[2];
const database = { url, schema: 'shop', entities: [], migrations: [CreateShop1700000000001] };
const dataSource = await new DataSource(readModelOptions(database)).initialize();
const store = createPostgresEventStore({ connectionString: url });
const checkpoints = new PostgresCheckpoints(new pg.Pool({ connectionString: url }));
const anything = { parse: input => input };
const catalogue = new EventCatalogue([defineEvent({ type: 'ItemAdded', version: 1, schema: anything })]);
const ledger = defineRows({
  name: 'ledger',
  version: 1,
  table: 'ledger',
  uniqueBy: ['position'],
  types: ['ItemAdded'],
  rows: event => [
    { position: event.position, ordered: event.metadata.occurredAt, item: event.data.item, detail: event.data },
  ],
});
let pages = 0;
const slow = {
  ...ledger,
  apply: async (events, rows) => {
    pages += 1;
    if (pages === 2) {
      console.log('the first page is built');
      await new Promise(resolve => setTimeout(resolve, 60_000));
    }
    await ledger.apply(events, rows);
  },
};
await rebuild({ database, dataSource, store, checkpoints, catalogue }, slow);
