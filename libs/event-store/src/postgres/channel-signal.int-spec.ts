import { eventually, testDatabase } from '@runledger/testing';
import type { TestDatabase } from '@runledger/testing';
import pg from 'pg';
import { ChannelSignal } from './channel-signal.js';

const CHANNEL = 'spec_news';

let database: TestDatabase;
let onlooker: pg.Client;
/** The kinds of what was said on the channel, in their order. */
let said: string[] = [];
const open: ChannelSignal[] = [];

beforeAll(async () => {
  database = await testDatabase();
  onlooker = new pg.Client({ connectionString: database.url });
  await onlooker.connect();
  onlooker.on('notification', ({ payload = '' }) => said.push(payload.split(' ')[0] ?? ''));
  await onlooker.query(`listen ${CHANNEL}`);
});
afterEach(async () => {
  await Promise.all(open.splice(0).map(signal => signal.close()));
  await heardEverything();
  said = [];
});
afterAll(async () => {
  await onlooker.end();
  await database.drop();
});

function aProcess() {
  let news = 0;
  const handlers = { onNews: () => void (news += 1), onProblem: () => undefined };
  const signal = new ChannelSignal(
    { connectionString: database.url, application_name: 'spec signal' },
    CHANNEL,
    handlers,
  );
  open.push(signal);
  return { signal, news: () => news };
}

/** It has looked for itself, and knows whether anybody answered. */
async function aListener() {
  const process = aProcess();
  process.signal.listen();
  await eventually(() => process.news() > 0 && said.includes('hello'));
  await heardEverything();
  return process;
}

/** What was committed before is heard before the answer: the server sends it first. */
async function heardEverything(): Promise<void> {
  for (let round = 0; round < 3; round += 1) {
    await onlooker.query('select 1');
    await new Promise(resolve => setTimeout(resolve, 60));
  }
}

describe('news for other processes', () => {
  it('are kept while nobody else listens, and told as soon as somebody begins to', async () => {
    const writer = await aListener();
    await eventually(async () => {
      said = [];
      writer.signal.announce();
      await heardEverything();
      return said.length === 0;
    });

    const reader = aProcess();
    reader.signal.listen();
    await eventually(() => reader.news() >= 2); // its own look at the beginning, and what was kept
    await heardEverything();
    expect(said.filter(kind => kind !== 'here')).toEqual(['hello', 'news']);
  });

  it('reach everybody who listens, whoever came first', async () => {
    const [first, second] = [await aListener(), await aListener()];
    await eventually(() => said.includes('here'));
    for (const [writer, reader] of [
      [first, second],
      [second, first],
    ] as const) {
      const before = reader.news();
      writer.signal.announce();
      await eventually(() => reader.news() > before);
    }
  });

  it('come from who does not listen itself as well, and only when somebody does', async () => {
    const writer = aProcess();
    await eventually(async () => {
      said = [];
      writer.signal.announce();
      await heardEverything();
      return said.length === 0;
    });
    const reader = aProcess();
    reader.signal.listen();
    await eventually(() => reader.news() >= 2); // its own look at the beginning, and what was kept
    const before = reader.news();
    writer.signal.announce();
    await eventually(() => reader.news() > before);
    expect(writer.news()).toBe(0);

    // Nobody answers the reader: of the two only it listens.
    await eventually(async () => {
      said = [];
      reader.signal.announce();
      await heardEverything();
      return said.length === 0;
    });
  });

  it('find their way again after every connection broke', async () => {
    const [writer, reader] = [await aListener(), await aListener()];
    await onlooker.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'spec signal'`,
    );
    await eventually(() => said.filter(kind => kind === 'hello').length >= 4);
    await heardEverything();
    const before = reader.news();
    writer.signal.announce();
    await eventually(() => reader.news() > before);
  });
});
