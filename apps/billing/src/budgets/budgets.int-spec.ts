import { catalogue, ChargeRecorded, RunStarted, UsageRecorded, AttemptEnded } from '@runledger/contracts';
import type { BudgetScope, RateCard } from '@runledger/contracts';
import { CommandHandler, createPostgresEventStore, newUuid } from '@runledger/event-store';
import type { CommandContext, EventStore } from '@runledger/event-store';
import { logDatabase } from '@runledger/event-store/testing';
import { attemptId, keyOf, streamOf } from '@runledger/kernel';
import type { DomainEvent } from '@runledger/kernel';
import { FakeClock } from '@runledger/testing';
import type { TestDatabase } from '@runledger/testing';
import pg from 'pg';
import { UsageReactor } from '../charges/usage.reactor.js';
import { RateCards } from '../rate-cards/rate-cards.js';
import { BudgetDesk } from './budget-desk.js';
import { races } from './race.config.js';
import { BudgetSetter } from './set-budget.js';

const AT = '2026-11-21T10:00:00.000Z';
const card: RateCard = {
  currency: 'USD',
  models: [{ provider: 'anthropic', model: 'm', perMillionTokens: { input: 1_000_000, output: 1_000_000 } }],
  compute: [{ resourceClass: 'standard', perHour: 3_600_000 }],
  free: [{ provider: 'scripted', reason: 'a written conversation' }],
};

let database: TestDatabase;
let processes: Process[];

/** What one process of the billing service has: a connection of its own, and a memory of its own. */
class Process {
  readonly store: EventStore;
  readonly desk: BudgetDesk;
  readonly setter: BudgetSetter;
  readonly usage: UsageReactor;
  readonly rateCards: RateCards;

  constructor(url: string) {
    const clock = new FakeClock(AT);
    this.store = createPostgresEventStore({ connectionString: url });
    const handler = new CommandHandler(this.store);
    this.rateCards = new RateCards(handler, clock);
    const { store, rateCards } = this;
    this.desk = new BudgetDesk({ handler, store, rateCards });
    this.setter = new BudgetSetter(this.desk, handler, rateCards);
    this.usage = new UsageReactor({ handler, store, rateCards, budgets: this.desk, clock });
  }
}

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

/** A workspace with a rate card, and runs that spend. */
class Spending {
  readonly workspaceId = `ws_${newUuid()}`;
  readonly runId = `run_${newUuid()}`;
  #calls = 0;

  static async begin(): Promise<Spending> {
    const spending = new Spending();
    const publication = { card, effectiveFrom: '2026-01-01T00:00:00.000Z' };
    await one().rateCards.publish(publication, spending.context());
    await spending.#starts(spending.runId);
    return spending;
  }

  context(occurredAt = AT): CommandContext {
    const commandId = newUuid();
    const actor = { kind: 'member', id: 'mem_ada' } as const;
    return { commandId, workspaceId: this.workspaceId, actor, occurredAt, correlationId: commandId };
  }

  set(scope: BudgetScope, limitMicroUnits: number | null, unpriced: 'REFUSE' | 'ALLOW' = 'REFUSE') {
    return one().setter.set({ scope, limitMicroUnits, unpriced, notifyAtPercent: [50, 80, 100] }, this.context());
  }

  /** Asks for a call of so many tokens of output, which cost a micro-unit each. */
  async asks(maxOutputTokens: number, more: { by?: Process; final?: boolean; model?: string; provider?: string } = {}) {
    const { by = one(), final = false, model = 'm', provider = 'anthropic' } = more;
    this.#calls += 1;
    const callId = `${attemptId(this.runId, 'build', 1)}.t${this.#calls}.e1.1`;
    const use = { kind: 'model', provider, model, inputTokens: 0, maxOutputTokens } as const;
    const asked = { callId, runId: this.runId, step: 'build', attempt: 1, use, final };
    const outcome = await by.desk.reserve(asked, this.context());
    if (outcome.status === 'refused') throw new Error('A reservation is answered, not refused.');
    return { callId, ...outcome.output };
  }

  /** The call was made, and took so many tokens. */
  async used(callId: string, outputTokens: number, by = one(), at = AT): Promise<void> {
    const buckets = {
      inputTokens: 0,
      outputTokens,
      cacheReadTokens: 0,
      cacheWriteTokens: 0,
      cacheWrite1hTokens: 0,
      reasoningTokens: 0,
    };
    const usage = { kind: 'model', provider: 'anthropic', model: 'm', ...buckets } as const;
    await this.#reactsTo(by, UsageRecorded({ ...this.#place(), usageId: callId, usage, at }));
  }

  async attemptEnds(by = one()): Promise<void> {
    const end = { outcome: 'ERROR', cancelled: false, turns: 1, elapsedMs: 1, endedAt: AT } as const;
    await this.#reactsTo(by, AttemptEnded({ ...this.#place(), ...end }));
  }

  /** What the log says of a budget: what is spent, set aside, and told. */
  async events(kind: string): Promise<DomainEvent[]> {
    const { events } = await one().store.readAll({ tenant: this.workspaceId, after: 0n, limit: 5_000 });
    return events.filter(event => event.stream.startsWith(`budget-${kind}`)).map(({ type, data }) => ({ type, data }));
  }

  async charged(): Promise<number> {
    const ref = { tenant: this.workspaceId, name: streamOf('charges', this.runId) };
    const { events } = await one().store.readStream(ref);
    return events.reduce((sum, { data }) => sum + (ChargeRecorded.schema.parse(data).amountMicroUnits ?? 0), 0);
  }

  async #starts(runId: string): Promise<void> {
    const started = RunStarted({
      runId,
      ...{ flowId: 'flow_ship', flowSlug: 'ship', flowName: 'Ship', flowVersion: 1, flowHash: 'h', steps: [] },
      parameters: {},
      choices: { profile: 'small', execution: 'INTERACTIVE', checkpointMode: 'TEMPLATE' },
      startedBy: { kind: 'member', id: 'mem_ada' },
      trigger: { kind: 'manual' },
      requestHash: 'h',
      startedAt: AT,
    });
    await this.#happens(streamOf('run', runId), started);
    await this.#happens(streamOf('flow', 'flow_ship'), { type: 'FlowVersionPublished', data: {} });
  }

  #place() {
    return { attemptId: attemptId(this.runId, 'build', 1), runId: this.runId, step: 'build', attempt: 1 };
  }

  async #reactsTo({ store, usage }: Process, event: DomainEvent): Promise<void> {
    const revision = await this.#happens(streamOf('attempt', this.#place().attemptId), event);
    const ref = { tenant: this.workspaceId, name: streamOf('attempt', this.#place().attemptId) };
    const { events } = await store.readStream(ref, { from: revision, limit: 1 });
    for (const recorded of events) await usage.react(recorded);
  }

  async #happens(name: string, { type, data }: DomainEvent): Promise<number> {
    const actor = { kind: 'service', id: 'spec' } as const;
    const story = { correlationId: this.runId, causationId: 'spec', actor, workspaceId: this.workspaceId };
    const metadata = { ...story, occurredAt: AT, schemaVersion: catalogue.find(type)?.version ?? 1 };
    const outcome = await one().store.append(
      { tenant: this.workspaceId, name },
      [{ id: newUuid(), type, data, metadata }],
      'any',
    );
    if (outcome.status !== 'appended') throw new Error(`Not appended: ${outcome.status}`);
    return outcome.revision;
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

const month = { kind: 'WORKSPACE' } as const;

describe('a budget', () => {
  it(
    'is not overshot by twenty sub-agents that call at once, on two processes (M1)',
    async () => {
      for (let round = 0; round < races(); round += 1) {
        const spending = await Spending.begin();
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
    const spending = await Spending.begin();
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
    const spending = await Spending.begin();
    await spending.set(month, 1_000);
    const { callId } = await spending.asks(90);
    for (const by of [processOf(0), processOf(1)]) await spending.used(callId, 80, by);
    expect(highWater(await spending.events('workspace'))).toMatchObject({ spent: 80, reserved: 0 });
    expect(await spending.charged()).toBe(80);
  });

  it('counts from its first moment what was spent before it was set', async () => {
    const spending = await Spending.begin();
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
    const spending = await Spending.begin();
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
    const spending = await Spending.begin();
    await spending.set(month, 100);
    for (const tokens of [40, 20, 15, 10]) await spending.used((await spending.asks(tokens)).callId, tokens);
    const told = (await spending.events('workspace')).filter(({ type }) => type === 'BudgetThresholdReached');
    expect(told).toMatchObject([{ data: { percent: 50 } }, { data: { percent: 80 } }]);
  });

  it('gives nothing back of a call that broke off until its attempt has ended', async () => {
    const spending = await Spending.begin();
    await spending.set(month, 100);
    const lost = await spending.asks(60);
    expect(lost.status).toBe('GRANTED');
    expect(await spending.asks(60)).toMatchObject({ status: 'BUSY' });
    await spending.attemptEnds();
    expect(await spending.asks(60)).toMatchObject({ status: 'GRANTED' });
  });

  it('gives back what was set aside for a call that was not made, and writes all of it into the story of its run', async () => {
    const spending = await Spending.begin();
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
    const spending = await Spending.begin();
    await spending.set(month, 100);
    await spending.used((await spending.asks(90)).callId, 80);
    expect(await spending.asks(30)).toMatchObject({ status: 'HELD' });
    for (const by of [processOf(0), processOf(1)]) await by.desk.forget(spending.runId, spending.context());
    const freed = (await spending.events('workspace')).filter(({ type }) => type === 'BudgetFreed');
    expect(freed).toMatchObject([{ data: { runId: spending.runId } }]);
  });

  it('of nothing for each run declines the start of any, and one of something or of no limit does not', async () => {
    const spending = await Spending.begin();
    const check = () => one().desk.check({ flowId: 'flow_ship' }, spending.context());
    await spending.set({ kind: 'EACH_RUN' }, 0);
    expect(await check()).toMatchObject({ refusal: { rejected: 'BUDGET_EXHAUSTED' } });
    for (const limit of [1, null]) {
      await spending.set({ kind: 'EACH_RUN' }, limit);
      expect(await check()).toMatchObject({ status: 'accepted' });
    }
  });

  it('refuses what has no price unless it is told otherwise, and what is free is always free', async () => {
    const spending = await Spending.begin();
    await spending.set(month, 0);
    expect(await spending.asks(5, { provider: 'scripted' })).toMatchObject({ status: 'GRANTED' });
    expect(await spending.asks(5, { model: 'unheard-of' })).toMatchObject({ status: 'HELD' });
    await spending.set(month, 0, 'ALLOW');
    expect(await spending.asks(5, { model: 'unheard-of' })).toMatchObject({ status: 'GRANTED' });
    expect(await spending.asks(5)).toMatchObject({ status: 'HELD' });
  });

  it('begins anew with each month, and a call belongs to the month in which it was set aside', async () => {
    const spending = await Spending.begin();
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
    const spending = await Spending.begin();
    await spending.set({ kind: 'FLOW', flowId: 'flow_ship' }, 50);
    const check = (flowId: string) => one().desk.check({ flowId }, spending.context());
    expect(await check('flow_ship')).toMatchObject({ status: 'accepted' });
    await spending.used((await spending.asks(50)).callId, 50);
    expect(await check('flow_ship')).toMatchObject({ refusal: { rejected: 'BUDGET_EXHAUSTED' } });
    expect(await check('flow_other')).toMatchObject({ status: 'accepted' });
  });

  it('is refused in another currency, and for a run or a flow that there is not', async () => {
    const spending = await Spending.begin();
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

interface Amounts {
  readonly amountMicroUnits: number;
  readonly reservedMicroUnits: number;
  readonly spentMicroUnits: number;
}

/** What was ever spent and set aside together, and what is now, added up from the log. */
function highWater(events: readonly DomainEvent[]): { most: number; spent: number; reserved: number } {
  let [most, spent, reserved] = [0, 0, 0];
  for (const { type, data } of events) {
    const { amountMicroUnits, reservedMicroUnits, spentMicroUnits } = data as Amounts;
    if (type === 'BudgetOpened') spent = spentMicroUnits;
    if (type === 'BudgetReserved') reserved += amountMicroUnits;
    if (type === 'BudgetReleased') reserved -= amountMicroUnits;
    if (type === 'BudgetSettled') [spent, reserved] = [spent + amountMicroUnits, reserved - reservedMicroUnits];
    most = Math.max(most, spent + reserved);
  }
  return { most, spent, reserved };
}
