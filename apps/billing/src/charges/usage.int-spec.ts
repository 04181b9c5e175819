import { catalogue, UsageRecorded, WorkspaceCreated } from '@runledger/contracts';
import type { Usage } from '@runledger/contracts';
import type { ChargeRecorded, RateCard } from '@runledger/contracts';
import { CommandHandler, createPostgresEventStore, newUuid, PostgresCheckpoints } from '@runledger/event-store';
import type { CommandContext, EventStore } from '@runledger/event-store';
import { logDatabase } from '@runledger/event-store/testing';
import { attemptId, streamOf } from '@runledger/kernel';
import type { DomainEvent } from '@runledger/kernel';
import { ReactorHost, storeDirect } from '@runledger/messaging';
import type { RunningConsumer } from '@runledger/messaging';
import { FakeClock } from '@runledger/testing';
import type { TestDatabase } from '@runledger/testing';
import pg from 'pg';
import { BudgetDesk } from '../budgets/budget-desk.js';
import { DefaultRateCardReactor } from '../rate-cards/default-rate-card.reactor.js';
import { RateCards } from '../rate-cards/rate-cards.js';
import { UsageReactor } from './usage.reactor.js';

const AT = '2026-11-21T10:00:00.000Z';
const clock = new FakeClock(AT);

let database: TestDatabase;
let pool: pg.Pool;
let store: EventStore;
let host: ReactorHost;
let running: RunningConsumer[];
let rateCards: RateCards;

beforeAll(async () => {
  database = await logDatabase();
  pool = new pg.Pool({ connectionString: database.url });
  store = createPostgresEventStore({ connectionString: database.url });
  const handler = new CommandHandler(store);
  rateCards = new RateCards(handler, clock);
  host = new ReactorHost(storeDirect(store), new PostgresCheckpoints(pool), catalogue, { owner: 'spec' });
  const reactors = [
    new DefaultRateCardReactor(rateCards, clock),
    new UsageReactor({ handler, store, rateCards, budgets: new BudgetDesk({ handler, store, rateCards }), clock }),
  ];
  running = await Promise.all(reactors.map(reactor => host.start(reactor)));
});

afterAll(async () => {
  await host.stop();
  await store.close();
  await pool.end();
  await database.drop();
});

interface Place {
  readonly workspaceId: string;
  readonly stream: string;
  readonly correlationId: string;
}

async function happens({ workspaceId, stream, correlationId }: Place, ...events: DomainEvent[]): Promise<void> {
  const recorded = events.map(({ type, data }) => ({
    id: newUuid(),
    type,
    data,
    metadata: {
      correlationId,
      causationId: 'spec',
      actor: { kind: 'service', id: 'spec' } as const,
      workspaceId,
      occurredAt: AT,
      schemaVersion: 1,
    },
  }));
  const outcome = await store.append({ tenant: workspaceId, name: stream }, recorded, 'any');
  if (outcome.status !== 'appended') throw new Error(`Not appended: ${outcome.status}`);
  await Promise.all(running.map(reactor => reactor.reached(outcome.position)));
}

const tokens = {
  inputTokens: 1_000,
  outputTokens: 500,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  cacheWrite1hTokens: 0,
  reasoningTokens: 0,
};
const model = (name: string, provider = 'anthropic'): Usage => ({ kind: 'model', provider, model: name, ...tokens });

class SpecRun {
  readonly runId = `run_${newUuid()}`;
  #uses = 0;

  constructor(readonly workspaceId: string) {}

  usage(usage: Usage, at = AT) {
    const attempt = attemptId(this.runId, 'plan', 1);
    this.#uses += 1;
    const usageId = `${attempt}.t${this.#uses}.e1.1`;
    return UsageRecorded({ attemptId: attempt, runId: this.runId, step: 'plan', attempt: 1, usageId, usage, at });
  }

  async uses(...events: DomainEvent[]): Promise<void> {
    const stream = streamOf('attempt', attemptId(this.runId, 'plan', 1));
    await happens({ workspaceId: this.workspaceId, stream, correlationId: this.runId }, ...events);
  }

  async charges() {
    const ref = { tenant: this.workspaceId, name: streamOf('charges', this.runId) };
    const { events } = await store.readStream(ref);
    return events.map(({ data }) => data as ReturnType<typeof ChargeRecorded>['data']);
  }
}

const created = (workspaceId: string) =>
  WorkspaceCreated({
    workspaceId,
    slug: workspaceId.slice(3),
    name: workspaceId,
    plan: 'free',
    createdBy: { kind: 'system', id: 'spec' },
    createdAt: AT,
  });
const cardsOf = async (workspaceId: string) =>
  (await store.readStream({ tenant: workspaceId, name: 'ratecard-default' })).events;
const asAda = (workspaceId: string, commandId = newUuid()): CommandContext => ({
  commandId,
  workspaceId,
  actor: { kind: 'member', id: 'mem_ada' },
  occurredAt: AT,
  correlationId: commandId,
});
const cardOf = (input: number): RateCard => ({
  currency: 'USD',
  models: [{ provider: 'anthropic', model: 'm', perMillionTokens: { input, output: input } }],
  compute: [{ resourceClass: 'standard', perHour: 36_000 }],
  free: [],
});

describe('a new workspace', () => {
  it('gets the shipped rate card once, however often it is announced', async () => {
    const place = { workspaceId: 'ws_new', stream: 'workspace-new', correlationId: newUuid() };
    await happens(place, created('ws_new'));
    await happens(place, created('ws_new'));
    await Promise.all([rateCards.ensureDefaultRateCard('ws_new'), rateCards.ensureDefaultRateCard('ws_new')]);
    const cards = await cardsOf('ws_new');
    expect(cards).toHaveLength(1);
    expect(cards[0]).toMatchObject({
      type: 'RateCardPublished',
      data: { version: 1, publishedBy: { kind: 'service', id: 'billing' } },
      metadata: { correlationId: place.correlationId },
    });
  });

  it('keeps the card that it published itself', async () => {
    await rateCards.publish({ card: cardOf(1), effectiveFrom: AT }, asAda('ws_own'));
    await happens({ workspaceId: 'ws_own', stream: 'workspace-own', correlationId: newUuid() }, created('ws_own'));
    expect((await cardsOf('ws_own')).map(({ metadata }) => metadata.actor.id)).toEqual(['mem_ada']);
  });
});

describe('usage that a run reports', () => {
  it('becomes one charge each, in the story of the run', async () => {
    const run = new SpecRun('ws_acme');
    const compute = { kind: 'compute', resourceClass: 'standard', milliseconds: 5_000 } as const;
    await run.uses(run.usage(model('claude-opus-5-5')), run.usage(model('any', 'scripted')), run.usage(compute));
    expect(await run.charges()).toMatchObject([
      { kind: 'model', model: 'claude-opus-5-5', amountMicroUnits: 14_000, currency: 'USD', rateCardVersion: 1 },
      { kind: 'model', amountMicroUnits: 0, note: 'free: a written conversation calls no model' },
      { kind: 'compute', resourceClass: 'standard', amountMicroUnits: 0, usedAt: AT, chargedAt: AT },
    ]);
    const ref = { tenant: 'ws_acme', name: streamOf('charges', run.runId) };
    const [first] = (await store.readStream(ref)).events;
    expect(first?.metadata).toMatchObject({ correlationId: run.runId, actor: { kind: 'service', id: 'billing' } });
  });

  it('is charged once when it is reported twice (R1, M1)', async () => {
    const run = new SpecRun('ws_acme');
    const usage = run.usage(model('claude-opus-5-5'));
    await run.uses(usage);
    await run.uses(usage);
    const charges = await run.charges();
    expect(charges).toHaveLength(1);
    expect(charges[0]).toMatchObject({ usageId: usage.data.usageId, chargeId: `chg_${usage.data.usageId.slice(4)}` });
  });

  it('is charged once when its event is processed twice, also by another process (R1)', async () => {
    const run = new SpecRun('ws_acme');
    await run.uses(run.usage(model('claude-opus-5-5')));
    const { events } = await store.readAll({ after: 0n, correlationId: run.runId, types: ['UsageRecorded'] });
    const handler = new CommandHandler(store);
    const cards = new RateCards(handler, clock);
    const budgets = new BudgetDesk({ handler, store, rateCards: cards });
    const again = new UsageReactor({ handler, store, rateCards: cards, budgets, clock });
    await Promise.all([again.react(events[0]!), again.react(events[0]!)]);
    expect(await run.charges()).toHaveLength(1);
  });

  it('is unpriced, not free, when no card names its model', async () => {
    const run = new SpecRun('ws_acme');
    await run.uses(run.usage(model('from-next-year')));
    expect(await run.charges()).toMatchObject([
      {
        amountMicroUnits: null,
        rateCardVersion: 1,
        note: expect.stringMatching(/^unpriced: no price for anthropic/) as string,
      },
    ]);
  });

  it('is unpriced when it happened before any card held', async () => {
    const run = new SpecRun('ws_acme');
    await run.uses(run.usage(model('claude-opus-5-5'), '2020-01-01T00:00:00.000Z'));
    expect(await run.charges()).toMatchObject([{ amountMicroUnits: null, rateCardVersion: null, currency: 'USD' }]);
  });

  it('is priced by the card in force when it was used, not when it was reported', async () => {
    const workspaceId = 'ws_dated';
    const dates = ['2026-01-01T00:00:00.000Z', '2026-06-01T00:00:00.000Z', '2026-12-01T00:00:00.000Z'];
    for (const [index, effectiveFrom] of dates.entries()) {
      await rateCards.publish({ card: cardOf(1_000_000 * (index + 1)), effectiveFrom }, asAda(workspaceId));
    }
    const run = new SpecRun(workspaceId);
    const uses = ['2026-05-31T23:59:59.999Z', '2026-06-01T00:00:00.000Z', '2026-11-30T00:00:00.000Z'];
    await run.uses(...uses.map(at => run.usage(model('m'), at)));
    const charges = await run.charges();
    expect(charges.map(charge => [charge.rateCardVersion, charge.amountMicroUnits])).toEqual([
      [1, 1_500],
      [2, 3_000],
      [2, 3_000],
    ]);
  });
});

describe('publishing a rate card', () => {
  it('answers with the version that exists when the same card and date come again', async () => {
    const publish = (card: RateCard, commandId?: string) =>
      rateCards.publish({ card, effectiveFrom: AT }, asAda('ws_cards', commandId));
    const commandId = newUuid();
    const first = await publish(cardOf(1), commandId);
    expect(first).toMatchObject({ status: 'accepted', output: { version: 1, created: true } });
    expect(await publish(cardOf(2))).toMatchObject({ output: { version: 2, created: true } });
    expect(await publish(cardOf(1))).toMatchObject({ output: { version: 1, created: false } });
    expect(await publish(cardOf(1), commandId)).toEqual(first);
  });

  it('is refused with every problem named', async () => {
    const card = { ...cardOf(1), currency: 'usd', free: [{ provider: 'anthropic', reason: 'ours' }] };
    const outcome = await rateCards.publish({ card, effectiveFrom: AT }, asAda('ws_refused'));
    expect(outcome).toMatchObject({
      status: 'refused',
      refusal: { rejected: 'INVALID_RATE_CARD', details: [{ path: 'currency' }, { path: 'free[0]' }] },
    });
    expect(await cardsOf('ws_refused')).toEqual([]);
  });
});
