import { jest } from '@jest/globals';
import { Approval } from '@runledger/approval';
import { Billing } from '@runledger/billing';
import {
  DEFAULT_LIMITS,
  PublishFlow,
  RateCardPublished,
  SandboxProfilePublished,
  SetBudget,
  StartRun,
  WorkspaceCreated,
} from '@runledger/contracts';
import type { ProfileDefinition, RateCard } from '@runledger/contracts';
import { derivedId } from '@runledger/event-store';
import type { CommandContext } from '@runledger/event-store';
import { Orchestrator } from '@runledger/orchestrator';
import type { CommandClient, CommandOutcome } from '@runledger/platform';
import { Chance } from './chance.fixture.js';
import { findingsIn, RUN_ENDS } from './findings.fixture.js';
import { deliverOne } from './deliveries.fixture.js';
import { overdrawnIn } from './money-findings.fixture.js';
import { SimulatedMoney } from './simulated-money.fixture.js';
import type { Deliveries, PoisonedError } from './deliveries.fixture.js';
import { CALM, Desk } from './desk.fixture.js';
import type { Life } from './desk.fixture.js';
import { randomFlow } from './random-flow.fixture.js';
import { SimulatedFunctions } from './simulated-functions.fixture.js';
import { SimulatedLog } from './simulated-log.fixture.js';
import { SimulatedPeople } from './simulated-people.fixture.js';
import { simulatedSandbox } from './simulated-sandbox.fixture.js';
import { SimulatedService } from './simulated-service.fixture.js';

/** One world in so many has the price list that the release ships. */
const WITH_PRICE_LIST = 20;
const TENANT = 'ws_sim';
const STORM = { questionLost: 0.03, answerLost: 0.04 };
/** So many things happen while everything goes wrong, or until all is over and a little longer; then the weather clears. */
const STORMY_MOMENTS = 400;
const AFTERMATH = 25;
const MOST_MOMENTS = 20_000;
const MOST_ROUNDS = 40;
const GIVE_UP_AFTER = 25;

/** How much world there is; left out: all of it. A finding is made small with it. */
export interface WorldSize {
  /** Attempts call models, which cost money, and there are budgets. */
  readonly money?: boolean;
  readonly runs?: number;
  readonly moments?: number;
}

/** Something that does not come to an end. */
export class Stuck extends Error {}

/** The log shows what it must not. */
export class BrokenRule extends Error {}

/**
 * Orchestrator, approval and billing as they are, with everything around them simulated on virtual time: the store, the
 * sandbox, deliveries, timers, people. Chance decides what happens next, and the seed decides chance.
 */
export class SimulatedWorld {
  readonly log: SimulatedLog;
  readonly functions: SimulatedFunctions;
  readonly runIds: string[] = [];
  readonly #chance: Chance;
  readonly #desk: Desk;
  readonly #services: Readonly<Record<'orchestrator' | 'approval' | 'billing' | 'sandbox', SimulatedService>>;
  readonly #people: SimulatedPeople;
  readonly #money: SimulatedMoney | undefined;
  readonly #poisoned: PoisonedError[] = [];
  readonly #steps: readonly string[];
  readonly #over = new Set<string>();
  #looked = 0;
  #all: readonly Deliveries[] | undefined;
  readonly #outside: Life = { over: false };
  #nowMs = Date.parse('2026-01-01T00:00:00.000Z');
  #nowText = new Date(this.#nowMs).toISOString();

  constructor(
    private readonly seed: number,
    private readonly size: WorldSize = {},
  ) {
    this.#chance = new Chance(seed);
    this.#money = size.money ? new SimulatedMoney(new Chance(seed ^ 0x6d6f6e)) : undefined;
    this.#desk = new Desk(this.#chance);
    const clock = { now: () => this.#nowText };
    this.log = new SimulatedLog(clock.now);
    const around = { log: this.log, desk: this.#desk, clock, clientOf: (life: Life) => this.#clientOf(life) };
    const work = async ({ life }: { life: Life }) => {
      for (let hops = this.#chance.below(12); hops > 0; hops -= 1) await this.#desk.ask(life, () => undefined, false);
    };
    this.functions = new SimulatedFunctions(seed, this.log, work);
    this.#services = {
      orchestrator: new SimulatedService(
        'orchestrator',
        around,
        parts => new Orchestrator(parts, { functions: this.functions.of(parts) }),
      ),
      approval: new SimulatedService('approval', around, parts => new Approval(parts)),
      billing: new SimulatedService('billing', around, parts => {
        const billing = new Billing(parts);
        return {
          answer: registry => billing.answer(registry),
          reactors: () => billing.reactors(),
          timerKinds: () => [],
        };
      }),
      sandbox: new SimulatedService('sandbox', around, simulatedSandbox(seed, work, this.#money)),
    };
    this.#steps = Array.from({ length: 1 + this.#chance.below(5) }, (_, n) => `s${n}`);
    this.#people = new SimulatedPeople({
      ...{ seed, chance: this.#chance, log: this.log, now: clock.now, steps: this.#steps, money: this.#money },
      send: (command, input, context) => this.#clientOf(this.#outside).send(command, input, context),
      answers: command => this.#services[command.service as 'approval'].answers(command),
    });
  }

  /** Lets everything happen, to its end. Throws {@link Stuck}, or what no caller should have met. */
  async live(): Promise<void> {
    for (const service of Object.values(this.#services)) await service.start();
    await this.#begin();
    this.#desk.weather = STORM;
    const { moments = STORMY_MOMENTS } = this.size;
    for (let moment = 0, after = 0; moment < moments && after < AFTERMATH; moment += 1) {
      await this.#moment();
      if (this.#open().length === 0) after += 1;
    }
    this.#desk.weather = CALM;
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      await this.#settle();
      const open = this.#open();
      if (open.length === 0) return this.#check();
      if (round < GIVE_UP_AFTER) this.#people.helpOn(open);
      else this.#people.giveUp(open);
    }
    throw new Stuck(`Runs do not end: ${this.#open().join(', ')}.`);
  }

  async #begin(): Promise<void> {
    if (this.seed % WITH_PRICE_LIST > 0) this.#seedWith(prices(this.#now()), 'ratecard-default', 2);
    this.#seedWith(workspace(this.#now()), 'workspace-sim', 0);
    this.#seedWith(profile(this.#now()), 'profile-plain', 1);
    const client = this.#clientOf(this.#outside);
    const { flowId } = await this.#answered(() =>
      client.send(
        PublishFlow,
        { source: randomFlow(this.#steps, this.#chance), format: 'json' },
        this.#context('publish'),
      ),
    );
    for (let run = 0; run < (this.size.runs ?? 2); run += 1) {
      const input = {
        flow: 'sim',
        parameters: {},
        choices: {},
        trigger: { kind: 'manual' as const },
        idempotencyKey: `${run}`,
      };
      const { runId } = await this.#answered(() => client.send(StartRun, input, this.#context(`start ${run}`)));
      this.runIds.push(runId);
    }
    await this.#setBudgets(client, flowId);
  }

  async #setBudgets(client: CommandClient, flowId: string): Promise<void> {
    for (const [at, budget] of (this.#money?.budgets(flowId) ?? []).entries()) {
      await this.#answered(() => client.send(SetBudget, budget, this.#context(`budget ${at}`)));
    }
  }

  /** One more thing happens. */
  async #moment(): Promise<void> {
    const chance = this.#chance;
    if (chance.happens(0.02)) await chance.of(Object.values(this.#services)).crash();
    else if (chance.happens(0.015)) await this.#services.orchestrator.handOver();
    else if (chance.happens(0.04)) this.#people.act(this.runIds);
    else if (chance.happens(0.05)) chance.of(this.#deliveries()).saveCheckpoint();
    else if (chance.happens(0.1)) this.#pass(1 + chance.below(2_000));
    else if (this.#desk.busy && chance.happens(0.7)) this.#desk.deliverOne();
    else if (!deliverOne(this.#deliveries(), chance, error => this.#poisoned.push(error))) this.#desk.deliverOne();
    await breath();
  }

  /** Until nothing is under way any more, and nothing is due within a day. */
  async #settle(): Promise<void> {
    for (let moment = 0; moment < MOST_MOMENTS; moment += 1) {
      this.#refuseSurprises();
      if (this.#desk.busy) this.#desk.deliverOne();
      else if (!deliverOne(this.#deliveries(), this.#chance, error => this.#poisoned.push(error))) {
        const nextMs = this.#nextDueMs();
        if (nextMs === undefined) return;
        this.#pass(nextMs);
      }
      await breath();
    }
    throw new Stuck(
      `Something goes on and on: ${this.log.events
        .slice(-6)
        .map(({ type }) => type)
        .join(', ')}.`,
    );
  }

  #pass(ms: number): void {
    this.#nowMs += ms;
    this.#nowText = new Date(this.#nowMs).toISOString();
    jest.advanceTimersByTime(ms);
    for (const service of Object.values(this.#services)) service.pass(ms);
  }

  #nextDueMs(): number | undefined {
    const due = Object.values(this.#services).flatMap(({ timers }) =>
      timers.waiting().map(({ dueAt }) => Math.max(1, Date.parse(dueAt) - Date.parse(timers.now()))),
    );
    const waits = jest.getTimerCount() > 0 ? [50] : [];
    const next = Math.min(...due, ...waits);
    return next <= 86_400_000 ? next : undefined;
  }

  #refuseSurprises(): void {
    const [poisoned] = this.#poisoned;
    if (poisoned) throw poisoned;
    const [surprise] = this.#people.surprises;
    if (surprise) throw new Error('Somebody met with a fault.', { cause: surprise });
  }

  /** The same ones in all lives of the services. */
  #deliveries(): readonly Deliveries[] {
    return (this.#all ??= Object.values(this.#services).flatMap(({ deliveries }) => deliveries));
  }

  #clientOf(life: Life): CommandClient {
    return {
      send: (command, input, context) => {
        const service = this.#services[command.service as 'approval'];
        const call = () => service.call(command, input, context);
        return this.#desk.ask(life, call, true) as Promise<never>;
      },
    };
  }

  /** While the weather is fine, before the storm. */
  async #answered<Output, Code extends string>(send: () => Promise<CommandOutcome<Output, Code>>): Promise<Output> {
    let outcome: CommandOutcome<Output, Code> | undefined;
    let failure: unknown;
    send().then(
      done => (outcome = done),
      (error: unknown) => (failure = error),
    );
    for (let moment = 0; moment < MOST_MOMENTS && !outcome && !failure; moment += 1) {
      this.#desk.deliverOne();
      await breath();
    }
    if (outcome?.status !== 'accepted')
      throw new Error(`The world did not begin: ${JSON.stringify(outcome)}`, { cause: failure });
    return outcome.output;
  }

  #open(): string[] {
    return this.runIds.filter(runId => !this.#isOver(runId));
  }

  /** Looks only at what is new: this is asked at every moment. */
  #isOver(runId: string): boolean {
    for (; this.#looked < this.log.events.length; this.#looked += 1) {
      const { type, metadata } = this.log.events[this.#looked] ?? {};
      if (type === undefined || metadata === undefined) continue;
      if (RUN_ENDS.has(type)) this.#over.add(metadata.correlationId);
      else if (type === 'RunReopened') this.#over.delete(metadata.correlationId);
    }
    return this.#over.has(runId);
  }

  #check(): void {
    this.#refuseSurprises();
    const { events } = this.log;
    const findings = [...findingsIn(events), ...overdrawnIn(events), ...this.functions.findingsIn(events)];
    if (findings.length > 0) throw new BrokenRule(findings.join('; '));
  }

  #seedWith({ type, data }: { type: string; data: unknown }, name: string, index: number): void {
    const context = this.#context(`seed ${index}`);
    const { commandId: id, actor, correlationId } = context;
    const metadata = {
      correlationId,
      causationId: id,
      actor,
      workspaceId: TENANT,
      occurredAt: this.#now(),
      schemaVersion: 1,
    };
    this.log.append({ tenant: TENANT, name }, [{ id, type, data, metadata }], 'any');
  }

  #context(what: string): CommandContext {
    const commandId = derivedId(`${this.seed}`, what, 0);
    const actor = { kind: 'member', id: 'mem_ann', via: 'token' } as const;
    return { commandId, workspaceId: TENANT, actor, occurredAt: this.#now(), correlationId: commandId };
  }

  #now(): string {
    return this.#nowText;
  }
}

const ANN = { kind: 'member', id: 'mem_ann' } as const;

/** A card of its own, so that the price list of the release, which is long, is dealt with in a few worlds only. */
function prices(publishedAt: string) {
  const perMillionTokens = { input: 1_000_000, output: 5_000_000, cacheRead: 100_000, cacheWrite: 1_250_000 };
  const card: RateCard = {
    currency: 'USD',
    models: [{ provider: 'anthropic', model: 'claude-haiku-4-5', perMillionTokens }],
    compute: [{ resourceClass: 'small', perHour: 0 }],
    free: [{ provider: 'scripted', reason: 'It is written down.' }],
  };
  return RateCardPublished({ version: 1, effectiveFrom: publishedAt, card, publishedBy: ANN, publishedAt });
}

function workspace(createdAt: string) {
  const named = { workspaceId: TENANT, slug: 'sim', name: 'sim' };
  return WorkspaceCreated({ ...named, plan: 'business', createdBy: ANN, createdAt });
}

function profile(publishedAt: string) {
  const definition: ProfileDefinition = {
    ...{ slug: 'plain', name: 'plain', isolation: 'none', repositories: [], mounts: [], env: {} },
    ...{ resourceClass: 'small', limits: DEFAULT_LIMITS, network: 'none' },
  };
  const named = { profileId: 'prf_plain', slug: 'plain', version: 1 };
  return SandboxProfilePublished({ ...named, definition, publishedBy: ANN, publishedAt });
}

/** Everything that follows at once from what has just happened. */
function breath(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve));
}
