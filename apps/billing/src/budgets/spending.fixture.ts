import { catalogue, ChargeRecorded, RunStarted, UsageRecorded, AttemptEnded } from '@runledger/contracts';
import type { BudgetScope, RateCard } from '@runledger/contracts';
import { CommandHandler, createPostgresEventStore, newUuid } from '@runledger/event-store';
import type { CommandContext, EventStore } from '@runledger/event-store';
import { attemptId, streamOf } from '@runledger/kernel';
import type { DomainEvent } from '@runledger/kernel';
import { FakeClock } from '@runledger/testing';
import { UsageReactor } from '../charges/usage.reactor.js';
import { RateCards } from '../rate-cards/rate-cards.js';
import { BudgetDesk } from './budget-desk.js';
import { PricedCallsReactor } from './priced-calls.reactor.js';
import { BudgetSetter } from './set-budget.js';

export const AT = '2026-11-21T10:00:00.000Z';
const card: RateCard = {
  currency: 'USD',
  models: [{ provider: 'anthropic', model: 'm', perMillionTokens: { input: 1_000_000, output: 1_000_000 } }],
  compute: [{ resourceClass: 'standard', perHour: 3_600_000 }],
  free: [{ provider: 'scripted', reason: 'a written conversation' }],
};

/** What one process of the billing service has: a connection of its own, and a memory of its own. */
export class Process {
  readonly store: EventStore;
  readonly desk: BudgetDesk;
  readonly setter: BudgetSetter;
  readonly usage: UsageReactor;
  readonly rateCards: RateCards;
  readonly pricedCalls: PricedCallsReactor;

  constructor(url: string) {
    const clock = new FakeClock(AT);
    this.store = createPostgresEventStore({ connectionString: url });
    const handler = new CommandHandler(this.store);
    this.rateCards = new RateCards(handler, clock);
    const { store, rateCards } = this;
    this.desk = new BudgetDesk({ handler, store, rateCards });
    this.setter = new BudgetSetter(this.desk, handler, rateCards);
    this.pricedCalls = new PricedCallsReactor({ store, rateCards, budgets: this.desk, clock });
    this.usage = new UsageReactor({ handler, store, rateCards, budgets: this.desk, clock });
  }
}

interface Asking {
  readonly by?: Process;
  readonly runId?: string;
  readonly final?: boolean;
  readonly model?: string;
  readonly provider?: string;
}

/** A workspace with a rate card, and runs that spend. */
export class Spending {
  readonly workspaceId = `ws_${newUuid()}`;
  readonly runId = `run_${newUuid()}`;
  #calls = 0;

  private constructor(private readonly process: Process) {}

  static async begin(process: Process): Promise<Spending> {
    const spending = new Spending(process);
    const publication = { card, effectiveFrom: '2026-01-01T00:00:00.000Z' };
    await process.rateCards.publish(publication, spending.context());
    await spending.#starts(spending.runId);
    return spending;
  }

  context(occurredAt = AT): CommandContext {
    const commandId = newUuid();
    const actor = { kind: 'member', id: 'mem_ada' } as const;
    return { commandId, workspaceId: this.workspaceId, actor, occurredAt, correlationId: commandId };
  }

  set(scope: BudgetScope, limitMicroUnits: number | null, unpriced: 'REFUSE' | 'ALLOW' = 'REFUSE') {
    return this.process.setter.set(
      { scope, limitMicroUnits, unpriced, notifyAtPercent: [50, 80, 100] },
      this.context(),
    );
  }

  /** Asks for a call of so many tokens of output, which cost a micro-unit each. */
  async asks(maxOutputTokens: number, more: Asking = {}) {
    const { by = this.process, runId = this.runId, final = false, model = 'm', provider = 'anthropic' } = more;
    this.#calls += 1;
    const callId = `${attemptId(this.runId, 'build', 1)}.t${this.#calls}.e1.1`;
    const use = { kind: 'model', provider, model, inputTokens: 0, maxOutputTokens } as const;
    const asked = { callId, runId, step: 'build', attempt: 1, use, final };
    const outcome = await by.desk.reserve(asked, this.context());
    if (outcome.status === 'refused') throw new Error('A reservation is answered, not refused.');
    return { callId, ...outcome.output };
  }

  /** The call was made, and took so many tokens. */
  async used(callId: string, outputTokens: number, by = this.process, at = AT): Promise<void> {
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

  /** A sandbox that was set aside as this call has lasted for so many milliseconds. */
  async lasted(callId: string, milliseconds: number, at: string): Promise<void> {
    const usage = { kind: 'compute', resourceClass: 'standard', milliseconds } as const;
    await this.#reactsTo(this.process, UsageRecorded({ ...this.#place(), usageId: callId, usage, at }));
  }

  /** So many charges are in the log, of a micro-unit each. */
  async charges(count: number, more: { runId?: string; amountMicroUnits?: null } = {}): Promise<void> {
    const { runId, ...amount } = { runId: this.runId, amountMicroUnits: 1, ...more };
    const charged = Array.from({ length: count }, (_, n) =>
      ChargeRecorded({
        ...{ chargeId: `chg_${n}`, usageId: `${n}`, runId, step: 'build', attempt: 1, kind: 'model' },
        ...{ ...amount, currency: 'USD', rateCardVersion: 1, usedAt: AT, chargedAt: AT },
      }),
    );
    for (let from = 0; from < count; from += 1_000)
      await this.#happens(streamOf('charges', runId), ...charged.slice(from, from + 1_000));
  }

  async attemptEnds(by = this.process): Promise<void> {
    const end = { outcome: 'ERROR', cancelled: false, turns: 1, elapsedMs: 1, endedAt: AT } as const;
    await this.#reactsTo(by, AttemptEnded({ ...this.#place(), ...end }));
  }

  /** Prices of a further model. */
  async publishes(model: string, effectiveFrom: string): Promise<void> {
    const [known] = card.models;
    if (!known) throw new TypeError('The card of this spec has a model.');
    const outcome = await this.process.rateCards.publish(
      { card: { ...card, models: [known, { ...known, model }] }, effectiveFrom },
      this.context(),
    );
    expect(outcome).toMatchObject({ status: 'accepted', output: { created: true } });
  }

  /** The newest event of this type reaches a process. */
  async hears(type: string, by = this.process): Promise<void> {
    const { events } = await by.store.readAll({ tenant: this.workspaceId, types: [type], after: 0n, limit: 100 });
    const newest = events.at(-1);
    if (!newest) throw new Error(`There is no ${type}.`);
    await by.pricedCalls.react(newest);
  }

  /** What the log says of a budget: what is spent, set aside, and told. */
  async events(kind: string): Promise<DomainEvent[]> {
    const { events } = await this.process.store.readAll({ tenant: this.workspaceId, after: 0n, limit: 5_000 });
    return events.filter(event => event.stream.startsWith(`budget-${kind}`)).map(({ type, data }) => ({ type, data }));
  }

  async charged(): Promise<number> {
    const ref = { tenant: this.workspaceId, name: streamOf('charges', this.runId) };
    const { events } = await this.process.store.readStream(ref);
    return events.reduce((sum, { data }) => sum + (ChargeRecorded.schema.parse(data).amountMicroUnits ?? 0), 0);
  }

  async anotherRun(flowId = 'flow_ship'): Promise<string> {
    const runId = `run_${newUuid()}`;
    await this.#starts(runId, flowId);
    return runId;
  }

  async #starts(runId: string, flowId = 'flow_ship'): Promise<void> {
    const started = RunStarted({
      runId,
      ...{ flowId, flowSlug: 'ship', flowName: 'Ship', flowVersion: 1, flowHash: 'h', steps: [] },
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

  async #happens(name: string, ...events: readonly DomainEvent[]): Promise<number> {
    const actor = { kind: 'service', id: 'spec' } as const;
    const story = { correlationId: this.runId, causationId: 'spec', actor, workspaceId: this.workspaceId };
    const outcome = await this.process.store.append(
      { tenant: this.workspaceId, name },
      events.map(({ type, data }) => {
        const schemaVersion = catalogue.find(type)?.version ?? 1;
        return { id: newUuid(), type, data, metadata: { ...story, occurredAt: AT, schemaVersion } };
      }),
      'any',
    );
    if (outcome.status !== 'appended') throw new Error(`Not appended: ${outcome.status}`);
    return outcome.revision;
  }
}

interface Amounts {
  readonly amountMicroUnits: number;
  readonly reservedMicroUnits: number;
  readonly spentMicroUnits: number;
}

/** What was ever spent and set aside together, and what is now, added up from the log. */
export function highWater(events: readonly DomainEvent[]): { most: number; spent: number; reserved: number } {
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
