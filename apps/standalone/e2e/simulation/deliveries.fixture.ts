import { catalogue } from '@runledger/contracts';
import { START } from '@runledger/event-store';
import type { PartitionLease, RecordedEvent } from '@runledger/event-store';
import { RetryableError } from '@runledger/kernel';
import { keyIn, partitionIn } from '@runledger/messaging';
import type { Reactor } from '@runledger/messaging';
import type { Chance } from './chance.fixture.js';
import type { SimulatedLog } from './simulated-log.fixture.js';

/** A failure that the product would park the event for. In the simulation nothing may come to that. */
export class PoisonedError extends Error {}

/**
 * The events of one reactor, from its checkpoint on: in order within a key, in any order across keys, again after a failure,
 * and all of those behind the checkpoint again after a crash.
 */
export class Deliveries {
  readonly #queues = new Map<string, RecordedEvent[]>();
  readonly #busy = new Set<string>();
  #read = 0;
  /** Everything before this place of the log was dealt with and will not come again. */
  #checkpoint = 0;
  #incarnation = 0;

  constructor(
    private readonly log: SimulatedLog,
    private reactor: Reactor,
  ) {}

  /** Keys with an event that can be handed over now. */
  ready(): string[] {
    this.#readOn();
    return [...this.#queues.keys()].filter(key => !this.#busy.has(key));
  }

  get settled(): boolean {
    this.#readOn();
    return this.#queues.size === 0;
  }

  deliver(key: string, onPoison: (error: PoisonedError) => void): void {
    const event = this.#queues.get(key)?.[0];
    if (!event) return;
    const incarnation = this.#incarnation;
    this.#busy.add(key);
    this.reactor.react(upcast(event), this.#leaseFor(event)).then(
      () => this.#done(key, incarnation),
      (error: unknown) => {
        if (incarnation !== this.#incarnation) return;
        this.#busy.delete(key);
        if (error instanceof RetryableError) return;
        onPoison(
          new PoisonedError(`${this.reactor.name} cannot take ${event.type}: ${String(error)}`, { cause: error }),
        );
      },
    );
  }

  /** The right of this life: each one takes everything anew. */
  #leaseFor(event: RecordedEvent): PartitionLease {
    const { name: consumer } = this.reactor;
    const epoch = this.#incarnation;
    const partition = partitionIn(this.reactor, event)!;
    return { consumer, version: 1, owner: 'simulated', epoch, position: START, partition };
  }

  /** Now and then the checkpoint is written: the place before the first event that is not done. */
  saveCheckpoint(): void {
    const open = [...this.#queues.values()].flatMap(([first]) => (first ? [Number(first.position) - 1] : []));
    this.#checkpoint = Math.min(this.#read, ...open);
  }

  /** The process begins anew with what its checkpoint says. */
  restart(reactor: Reactor): void {
    this.reactor = reactor;
    this.#incarnation += 1;
    this.#queues.clear();
    this.#busy.clear();
    this.#read = this.#checkpoint;
  }

  #done(key: string, incarnation: number): void {
    if (incarnation !== this.#incarnation) return;
    this.#busy.delete(key);
    const queue = this.#queues.get(key);
    queue?.shift();
    if (queue?.length === 0) this.#queues.delete(key);
  }

  #readOn(): void {
    const { reactor } = this;
    for (; this.#read < this.log.events.length; this.#read += 1) {
      const event = this.log.events[this.#read];
      if (!event || (reactor.types.length > 0 && !reactor.types.includes(event.type))) continue;
      if (partitionIn(reactor, event) === undefined) continue;
      const key = keyIn(reactor, event);
      const queue = this.#queues.get(key);
      if (queue) queue.push(event);
      else this.#queues.set(key, [event]);
    }
  }
}

/** Chooses among all reactors' keys. */
export function deliverOne(
  all: readonly Deliveries[],
  chance: Chance,
  onPoison: (error: PoisonedError) => void,
): boolean {
  const choices = all.flatMap(deliveries => deliveries.ready().map(key => ({ deliveries, key })));
  if (choices.length === 0) return false;
  const { deliveries, key } = chance.of(choices);
  deliveries.deliver(key, onPoison);
  return true;
}

function upcast(event: RecordedEvent): RecordedEvent {
  return { ...event, data: catalogue.upcast(event.type, event.metadata.schemaVersion, event.data) };
}
