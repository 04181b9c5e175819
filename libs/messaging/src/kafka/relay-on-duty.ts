import { pause } from '@runledger/event-store';
import type { EventStore, Position } from '@runledger/event-store';
import type { ConsumerStatus, RunningConsumer } from '../reactor.js';
import { KafkaRelay } from './kafka-relay.js';
import type { KafkaRelayOptions, KafkaRelayParts } from './kafka-relay.js';

export interface RelayOnDutyParts extends KafkaRelayParts {
  readonly store: Pick<EventStore, 'subscribe' | 'head'>;
}

export interface RelayOnDutyOptions extends KafkaRelayOptions {
  /** How long another relay may stand still while the log has more; default 15,000. */
  readonly takeOverAfterMs?: number;
}

/**
 * One relay among any number of processes that would. Whoever started last relays; the others see by its checkpoint whether
 * it works, and when it stands still although the log has more, one of them takes over (R3). When Kafka itself is away they
 * may take turns in waiting for it, which does no harm.
 */
export class RelayOnDuty implements RunningConsumer {
  readonly name: string;
  readonly #ending = new AbortController();
  readonly #ended: Promise<void>;
  #relay: KafkaRelay;

  private constructor(
    relay: KafkaRelay,
    private readonly parts: RelayOnDutyParts,
    private readonly options: RelayOnDutyOptions,
  ) {
    this.name = relay.name;
    this.#relay = relay;
    this.#ended = this.#watch();
  }

  /** Takes over from whoever relays now. Does not wait for Kafka. */
  static async start(parts: RelayOnDutyParts, options: RelayOnDutyOptions): Promise<RelayOnDuty> {
    return new RelayOnDuty(await KafkaRelay.start(parts, options), parts, options);
  }

  /** Of the relay of this process; `stopped` and `fenced` while another one is on duty. */
  status(): ConsumerStatus {
    return this.#relay.status();
  }

  reached(position: Position): Promise<void> {
    return this.#relay.reached(position);
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#ended;
    await this.#relay.stop();
  }

  async #watch(): Promise<void> {
    const { takeOverAfterMs = 15_000, logger } = this.options;
    const { signal } = this.#ending;
    let seen: Position | undefined;
    while (!signal.aborted) {
      await pause(takeOverAfterMs * (0.75 + Math.random() / 2), signal);
      const other = signal.aborted || this.status().reason !== 'fenced' ? undefined : await this.#whereTheOtherStands();
      if (other !== undefined && other.position === seen && other.isBehind) await this.#takeOver();
      else seen = other?.position;
    }
    logger?.info({ consumer: this.name }, 'the relay is off duty');
  }

  /** Undefined when it cannot be known now. */
  async #whereTheOtherStands(): Promise<{ readonly position: Position; readonly isBehind: boolean } | undefined> {
    try {
      const position = await this.parts.checkpoints.read(this.name, 1);
      const head = await this.parts.store.head();
      return position === undefined ? undefined : { position, isBehind: position < head };
    } catch (error) {
      this.options.logger?.warn({ consumer: this.name, err: error }, 'where the other relay stands is not known now');
      return undefined;
    }
  }

  async #takeOver(): Promise<void> {
    const { logger } = this.options;
    try {
      this.#relay = await KafkaRelay.start(this.parts, this.options);
      logger?.warn({ consumer: this.name }, 'the other relay stood still; this one has taken over');
    } catch (error) {
      logger?.warn({ consumer: this.name, err: error }, 'the relay could not be taken over; it is tried again');
    }
  }
}
