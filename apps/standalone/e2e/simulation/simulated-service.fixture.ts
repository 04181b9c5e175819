import { CommandHandler } from '@runledger/event-store';
import type { CommandContext, EventStore } from '@runledger/event-store';
import { RetryableError } from '@runledger/kernel';
import type { Reactor } from '@runledger/messaging';
import { CommandRegistry } from '@runledger/platform';
import type { Clock, CommandClient, CommandOutcome, CommandShape } from '@runledger/platform';
import { MemoryTimers } from '@runledger/timers';
import type { TimerKind, Timers } from '@runledger/timers';
import { Deliveries } from './deliveries.fixture.js';
import type { Desk, Life } from './desk.fixture.js';
import type { SimulatedLog } from './simulated-log.fixture.js';
import { SimulatedStore } from './simulated-store.fixture.js';

/** What a service is made of, in each of its lives anew. */
export interface ServiceParts {
  readonly store: EventStore;
  readonly handler: CommandHandler;
  readonly clock: Clock;
  readonly client: CommandClient;
  readonly timers: Timers;
  readonly life: Life;
}

/** What a service answers, reacts to and does when time has come, without a framework. */
export interface ServiceLogic {
  answer(registry: CommandRegistry): void;
  reactors(): readonly Reactor[];
  timerKinds(): readonly TimerKind[];
}

export interface Surroundings {
  readonly log: SimulatedLog;
  readonly desk: Desk;
  readonly clock: Clock;
  /** Calls any service. */
  readonly clientOf: (life: Life) => CommandClient;
}

class DiedError extends RetryableError {
  constructor(service: string) {
    super('SIMULATED_DEATH', `${service} died before it answered; ask again.`);
  }
}

/** One process: what it remembers is gone with its life. */
interface Living {
  readonly life: Life;
  readonly registry: CommandRegistry;
  readonly logic: ServiceLogic;
  readonly reactors: readonly Reactor[];
  /** Who waits for an answer of it. */
  readonly asked: Set<(error: Error) => void>;
}

/**
 * One service: a process that can die at any moment and comes back with nothing but the log, checkpoints and timers. It may hand its
 * work over to another, which lives on with what it remembers from before while what was under way in the first goes on.
 */
export class SimulatedService {
  readonly deliveries: Deliveries[] = [];
  readonly timers: MemoryTimers;
  #living: Living;
  #other: Living | undefined;
  #advancing: { readonly life: Life } | undefined;

  constructor(
    readonly name: string,
    private readonly around: Surroundings,
    private readonly logic: (parts: ServiceParts) => ServiceLogic,
  ) {
    this.timers = new MemoryTimers({ now: around.clock.now() });
    this.#living = this.#born();
  }

  /** Takes the work up, from the checkpoints on. */
  async start(): Promise<void> {
    const { logic, reactors } = this.#living;
    await this.timers.start(logic.timerKinds());
    for (const [index, reactor] of reactors.entries()) {
      const known = this.deliveries[index];
      if (known) known.restart(reactor);
      else this.deliveries.push(new Deliveries(this.around.log, reactor));
    }
  }

  /** Dies, and the other one goes on or another begins anew. Whoever waited for an answer is told that none comes. */
  async crash(): Promise<void> {
    const { life, asked } = this.#living;
    life.over = true;
    this.#advancing = undefined;
    for (const fail of asked) fail(new DiedError(this.name));
    this.#living = this.#other ?? this.#born();
    this.#other = undefined;
    await this.start();
  }

  /** The other process has the work from now on. */
  async handOver(): Promise<void> {
    [this.#living, this.#other] = [this.#other ?? this.#born(), this.#living];
    await this.start();
  }

  #born(): Living {
    const { log, desk, clock, clientOf } = this.around;
    const life = { over: false };
    const store = new SimulatedStore(log, desk, life);
    const handler = new CommandHandler(store, { cachedStates: 50 });
    const logic = this.logic({ store, handler, clock, client: clientOf(life), timers: this.timers, life });
    const registry = new CommandRegistry();
    logic.answer(registry);
    return { life, registry, logic, reactors: logic.reactors(), asked: new Set() };
  }

  async call(
    command: CommandShape<unknown, unknown, string>,
    input: unknown,
    context: CommandContext,
  ): Promise<CommandOutcome<unknown, string>> {
    const { registry, asked } = this.#living;
    const answered = registry.find(command);
    if (!answered) throw new TypeError(`${this.name} does not answer ${command.name}.`);
    return new Promise((resolve, reject) => {
      asked.add(reject);
      answered
        .answer(command.input.parse(input), context)
        .then(resolve, reject)
        .finally(() => asked.delete(reject));
    });
  }

  answers(command: CommandShape<unknown, unknown, string>): boolean {
    return this.#living.registry.find(command) !== undefined;
  }

  /** Timers that fall due fire; one at a time, unless the process that began has died. */
  pass(ms: number): void {
    if (this.#advancing) return;
    const advancing = { life: this.#living.life };
    this.#advancing = advancing;
    void this.timers.advance(ms).finally(() => {
      if (this.#advancing === advancing) this.#advancing = undefined;
    });
  }
}
