import { newUuid } from '@runledger/event-store';
import type { EventStore } from '@runledger/event-store';
import { logDatabase } from '@runledger/event-store/testing';
import { keyOf } from '@runledger/kernel';
import type { TestDatabase } from '@runledger/testing';
import pg from 'pg';
import { races } from './race.config.js';
import { AT, highWater, Process, Spending } from './spending.fixture.js';

let database: TestDatabase;
let processes: Process[];

beforeAll(async () => {
  database = await logDatabase();
  processes = [new Process(database.url), new Process(database.url), new Process(database.url)];
});

afterAll(async () => {
  await Promise.all(processes.map(({ store }) => store.close()));
  await database.drop();
});

/** Holds the insert of a `Held` event, after its position was taken, for as long as somebody has this lock. */
const HOLD = `
  create or replace function hold() returns trigger language plpgsql as $$
  begin
    if new.type = 'Held' then perform pg_advisory_xact_lock(4711); end if;
    return new;
  end $$;
  create or replace trigger hold before insert on runledger.event for each row execute function hold()`;

/** A writer that has taken its position, and commits when it is told to. */
class OpenAppend {
  private constructor(
    private readonly holder: pg.Client,
    private readonly appended: Promise<unknown>,
  ) {}

  static async begin(connectionString: string, store: EventStore): Promise<OpenAppend> {
    const holder = new pg.Client({ connectionString });
    await holder.connect();
    await holder.query(HOLD);
    await holder.query('select pg_advisory_lock(4711)');
    const tenant = `ws_${newUuid()}`;
    const actor = { kind: 'service', id: 'spec' } as const;
    const story = { correlationId: 'run_held', causationId: 'spec', actor, workspaceId: tenant };
    const held = {
      ...{ id: newUuid(), type: 'Held', data: {} },
      metadata: { ...story, occurredAt: AT, schemaVersion: 1 },
    };
    const appended = store.append({ tenant, name: 'thing-held' }, [held], 'no-stream');
    // Another spec's database may know the same lock, and the server shows the locks of all.
    const text = `select 1 from pg_locks where locktype = 'advisory' and objid = 4711 and not granted
      and database = (select oid from pg_database where datname = current_database())`;
    while ((await holder.query(text)).rows.length === 0) await new Promise(resolve => setTimeout(resolve, 5));
    return new OpenAppend(holder, appended);
  }

  async commit(): Promise<void> {
    await this.holder.query('select pg_advisory_unlock_all()');
    await this.appended;
  }

  async end(): Promise<void> {
    await this.holder.end();
    await this.appended;
  }
}

function one(): Process {
  return processOf(0);
}

function processOf(n: number): Process {
  const found = processes[n % processes.length];
  if (!found) throw new Error('No process was started.');
  return found;
}

const begin = () => Spending.begin(one());
const month = { kind: 'WORKSPACE' } as const;

describe('a budget', () => {
  it(
    'is not overshot by twenty sub-agents that call at once, on two processes (M1)',
    async () => {
      for (let round = 0; round < races(); round += 1) {
        const spending = await begin();
        await spending.set(month, 1_000);
        await spending.set({ kind: 'RUN', runId: spending.runId }, 1_100);
        let spent = 0;
        const agent = async (n: number): Promise<void> => {
          const asked = await spending.asks(100 + (n % 7), { by: processOf(n), final: n % 2 === 0 });
          if (asked.status !== 'GRANTED') return;
          const cost = 1 + ((n * 37) % 99);
          spent += cost;
          await spending.used(asked.callId, cost, processOf(n + 1));
        };
        await Promise.all(Array.from({ length: 20 }, (_, n) => agent(n)));
        for (const [kind, limit] of [
          ['workspace', 1_000],
          ['run', 1_100],
        ] as const) {
          const standing = highWater(await spending.events(kind));
          expect(standing.most).toBeLessThanOrEqual(limit);
          expect(standing).toMatchObject({ spent, reserved: 0 });
        }
        expect(await spending.charged()).toBe(spent);
      }
    },
    30_000 + races() * 2_000,
  );

  it('holds a call that does not fit, and lets its run go on when it is raised', async () => {
    const spending = await begin();
    await spending.set(month, 100);
    const first = await spending.asks(90);
    await spending.used(first.callId, 80);
    const held = await spending.asks(30);
    expect(held).toMatchObject({
      status: 'HELD',
      reason: expect.stringContaining('0.00002 USD of 0.0001 USD') as string,
    });
    const raised = await spending.set(month, 200);
    expect(raised).toMatchObject({ status: 'accepted' });
    const freed = (await spending.events('workspace')).filter(({ type }) => type === 'BudgetFreed');
    expect(freed).toMatchObject([{ data: { runId: spending.runId } }]);
    expect(await spending.asks(30)).toMatchObject({ status: 'GRANTED' });
  });

  it('counts usage once that two events report', async () => {
    const spending = await begin();
    await spending.set(month, 1_000);
    const { callId } = await spending.asks(90);
    for (const by of [processOf(0), processOf(1)]) await spending.used(callId, 80, by);
    expect(highWater(await spending.events('workspace'))).toMatchObject({ spent: 80, reserved: 0 });
    expect(await spending.charged()).toBe(80);
  });

  it('counts from its first moment what was spent before it was set', async () => {
    const spending = await begin();
    await spending.used('att_before.t1', 70);
    await spending.set(month, 100);
    await spending.set({ kind: 'FLOW', flowId: 'flow_ship' }, 100);
    await spending.set({ kind: 'EACH_RUN' }, 100);
    expect(await spending.asks(31)).toMatchObject({ status: 'HELD' });
    expect(await spending.asks(30)).toMatchObject({ status: 'GRANTED' });
    for (const kind of ['workspace', 'flow', 'run']) {
      expect(highWater(await spending.events(kind))).toMatchObject({ spent: 70, reserved: 30 });
    }
  });

  it('counts a charge that was made in the moment in which it was set, while a third writer had not committed (M1)', async () => {
    const spending = await begin();
    const third = await OpenAppend.begin(database.url, processOf(2).store);
    try {
      // Its charge lies behind the open append, and whoever made it saw no budget.
      await spending.used('att_before.t1', 70, processOf(1));
      const terms = [month, { kind: 'FLOW', flowId: 'flow_ship' }, { kind: 'RUN', runId: spending.runId }] as const;
      const setting = Promise.all(terms.map(scope => spending.set(scope, 100)));
      // Whoever does not wait for the third counts in this time.
      await Promise.race([setting, new Promise(resolve => setTimeout(resolve, 200))]);
      await third.commit();
      await setting;
    } finally {
      await third.end();
    }
    for (const kind of ['workspace', 'flow', 'run']) {
      expect(highWater(await spending.events(kind))).toMatchObject({ spent: 70, reserved: 0 });
    }
    expect(await spending.asks(31)).toMatchObject({ status: 'HELD' });
    await spending.used((await spending.asks(30)).callId, 20, processOf(1));
    for (const kind of ['workspace', 'flow', 'run']) {
      expect(highWater(await spending.events(kind))).toMatchObject({ spent: 90, reserved: 0 });
    }
  });

  it('tells once of each threshold', async () => {
    const spending = await begin();
    await spending.set(month, 100);
    for (const tokens of [40, 20, 15, 10]) await spending.used((await spending.asks(tokens)).callId, tokens);
    const told = (await spending.events('workspace')).filter(({ type }) => type === 'BudgetThresholdReached');
    expect(told).toMatchObject([{ data: { percent: 50 } }, { data: { percent: 80 } }]);
  });

  it('gives nothing back of a call that broke off until its attempt has ended', async () => {
    const spending = await begin();
    await spending.set(month, 100);
    const lost = await spending.asks(60);
    expect(lost.status).toBe('GRANTED');
    expect(await spending.asks(60)).toMatchObject({ status: 'BUSY' });
    await spending.attemptEnds();
    expect(await spending.asks(60)).toMatchObject({ status: 'GRANTED' });
  });

  it('gives back what was set aside for a call that was not made, and writes all of it into the story of its run', async () => {
    const spending = await begin();
    await spending.set(month, 100);
    const { callId } = await spending.asks(60);
    expect(await spending.asks(60)).toMatchObject({ status: 'BUSY' });
    const { runId } = spending;
    for (const by of [processOf(0), processOf(1)]) await by.desk.release({ runId, callId }, spending.context());
    expect(highWater(await spending.events('workspace'))).toMatchObject({ spent: 0, reserved: 0 });
    expect(await spending.asks(60)).toMatchObject({ status: 'GRANTED' });
    const { events } = await one().store.readAll({ tenant: spending.workspaceId, after: 0n, correlationId: runId });
    const told = events.map(({ type }) => type).filter(type => type.startsWith('Budget'));
    expect(told).toEqual(['BudgetReserved', 'BudgetReleased', 'BudgetReserved']);
  });

  it('keeps no room for a run that it held and that has ended', async () => {
    const spending = await begin();
    await spending.set(month, 100);
    await spending.used((await spending.asks(90)).callId, 80);
    expect(await spending.asks(30)).toMatchObject({ status: 'HELD' });
    for (const by of [processOf(0), processOf(1)]) await by.desk.forget(spending.runId, spending.context());
    const freed = (await spending.events('workspace')).filter(({ type }) => type === 'BudgetFreed');
    expect(freed).toMatchObject([{ data: { runId: spending.runId } }]);
  });

  it('of nothing for each run declines the start of any, and one of something or of no limit does not', async () => {
    const spending = await begin();
    const check = () => one().desk.check({ flowId: 'flow_ship' }, spending.context());
    await spending.set({ kind: 'EACH_RUN' }, 0);
    expect(await check()).toMatchObject({ refusal: { rejected: 'BUDGET_EXHAUSTED' } });
    for (const limit of [1, null]) {
      await spending.set({ kind: 'EACH_RUN' }, limit);
      expect(await check()).toMatchObject({ status: 'accepted' });
    }
  });

  it('refuses what has no price unless it is told otherwise, and what is free is always free', async () => {
    const spending = await begin();
    await spending.set(month, 0);
    expect(await spending.asks(5, { provider: 'scripted' })).toMatchObject({ status: 'GRANTED' });
    expect(await spending.asks(5, { model: 'unheard-of' })).toMatchObject({ status: 'HELD' });
    await spending.set(month, 0, 'ALLOW');
    expect(await spending.asks(5, { model: 'unheard-of' })).toMatchObject({ status: 'GRANTED' });
    expect(await spending.asks(5)).toMatchObject({ status: 'HELD' });
  });

  it('lets a run go on whose call had no price when other prices hold, whichever is told first', async () => {
    const spending = await begin();
    await spending.set({ kind: 'EACH_RUN' }, 100);
    expect(await spending.asks(5, { model: 'new' })).toMatchObject({ status: 'HELD' });
    const freed = async () => (await spending.events('run')).filter(({ type }) => type === 'BudgetFreed').length;
    await spending.hears('BudgetExceeded');
    expect(await freed()).toBe(0);
    await spending.publishes('new', '2027-01-01T00:00:00.000Z'); // not yet in force
    await spending.hears('RateCardPublished');
    expect(await freed()).toBe(0);
    await spending.publishes('new', AT);
    await spending.hears('RateCardPublished');
    await spending.hears('RateCardPublished', processOf(1));
    expect(await freed()).toBe(1);
    expect(await spending.asks(5, { model: 'new' })).toMatchObject({ status: 'GRANTED' });

    expect(await spending.asks(5, { model: 'newer' })).toMatchObject({ status: 'HELD' });
    await spending.publishes('newer', AT);
    await spending.hears('BudgetExceeded');
    expect(await freed()).toBe(2);
    expect(await spending.asks(5, { model: 'newer' })).toMatchObject({ status: 'GRANTED' });
  });

  it('begins anew with each month, and a call belongs to the month in which it was set aside', async () => {
    const spending = await begin();
    await spending.set(month, 100);
    const last = await spending.asks(100);
    await spending.used(last.callId, 90, one(), '2026-12-01T00:00:01.000Z');
    expect(highWater(await spending.events(`workspace-${keyOf(spending.workspaceId)}-2026-11`)).spent).toBe(90);
    const { desk } = one();
    const use = { kind: 'model', provider: 'anthropic', model: 'm', inputTokens: 0, maxOutputTokens: 100 } as const;
    const asked = { callId: 'att_x.t9', runId: spending.runId, step: 'build', attempt: 1, use, final: false };
    const outcome = await desk.reserve(asked, spending.context('2026-12-01T00:00:02.000Z'));
    expect(outcome).toMatchObject({ output: { status: 'GRANTED' } });
  });

  it('that is used up declines the start of another run', async () => {
    const spending = await begin();
    await spending.set({ kind: 'FLOW', flowId: 'flow_ship' }, 50);
    const check = (flowId: string) => one().desk.check({ flowId }, spending.context());
    expect(await check('flow_ship')).toMatchObject({ status: 'accepted' });
    await spending.used((await spending.asks(50)).callId, 50);
    expect(await check('flow_ship')).toMatchObject({ refusal: { rejected: 'BUDGET_EXHAUSTED' } });
    expect(await check('flow_other')).toMatchObject({ status: 'accepted' });
  });

  it('is refused in another currency, and for a run or a flow that there is not', async () => {
    const spending = await begin();
    const terms = { limitMicroUnits: 1, unpriced: 'REFUSE' as const, notifyAtPercent: [] };
    const { setter } = one();
    expect(await setter.set({ ...terms, scope: month, currency: 'EUR' }, spending.context())).toMatchObject({
      refusal: { rejected: 'INVALID_BUDGET' },
    });
    const scope = { kind: 'RUN', runId: 'run_none' } as const;
    expect(await setter.set({ ...terms, scope }, spending.context())).toMatchObject({
      refusal: { rejected: 'RUN_NOT_FOUND' },
    });
    // A slug in the place of an id would be a limit that holds for nothing.
    for (const kind of ['FLOW', 'EACH_RUN'] as const) {
      for (const flowId of ['ship', 'flow_none', 'nonsense']) {
        const outcome = await setter.set({ ...terms, scope: { kind, flowId } }, spending.context());
        expect(outcome).toMatchObject({
          refusal: { rejected: 'INVALID_BUDGET', fix: expect.stringContaining('flow_…') as string },
        });
      }
    }
  });
});
