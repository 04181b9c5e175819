import { Inject, Injectable } from '@nestjs/common';
import type { Position } from '@runledger/event-store';
import { RetryableError } from '@runledger/kernel';
import { ConsumerStoppedError, type ConsumerStatus } from '@runledger/messaging';
import { ProjectionHost } from '@runledger/projections';
import type { GraphContext } from '../graph/graph-context.js';
import { positionOf } from '../graph/position-text.js';
import { RequestError } from '../graph/request-errors.js';
import { PROJECTIONS } from './projection-list.js';

const WAIT_MS = 5_000;

/** The gateway's projections: started and stopped together, and waited for. */
@Injectable()
export class ReadModels {
  #wereLive = false;

  constructor(@Inject(ProjectionHost) private readonly host: ProjectionHost) {}

  async start(): Promise<void> {
    for (const projection of PROJECTIONS) await this.host.start(projection);
  }

  async stop(): Promise<void> {
    await this.host.stop();
  }

  status(): readonly ConsumerStatus[] {
    return this.host.status();
  }

  /** Why requests should not come here yet, or no more; undefined: nothing is in their way. */
  trouble(): string | undefined {
    const all = this.host.status();
    const stopped = all.find(({ state }) => state === 'faulted' || state === 'stopped');
    if (stopped) {
      const { name, state, fault } = stopped;
      return `${name} is ${state}${fault ? ` at ${fault.position} (${fault.eventType}): ${fault.code}` : ''}`;
    }
    // Once all have been at the end of the log, a burst of events is work, not trouble.
    this.#wereLive ||= all.length === PROJECTIONS.length && all.every(({ state }) => state === 'live');
    return this.#wereLive ? undefined : 'The read models are catching up with the log.';
  }

  /**
   * Resolves when the rows hold everything up to `position`; `names` when only some read models matter. Throws
   * `READ_MODEL_BEHIND` after 5 s: the caller may ask again.
   */
  async reach(position: Position, names = PROJECTIONS.map(({ name }) => name)): Promise<void> {
    try {
      await Promise.all(names.map(name => this.host.reached(name, position, WAIT_MS)));
    } catch (cause) {
      throw unreached(cause);
    }
  }

  /** What a query asked to wait for: its argument, else the request's header. */
  async atLeast(argument: string | null | undefined, context: Pick<GraphContext, 'atLeast'>): Promise<void> {
    const wanted = argument ?? context.atLeast;
    if (wanted !== undefined) await this.reach(positionOf(wanted));
  }
}

function unreached(cause: unknown): unknown {
  if (cause instanceof ConsumerStoppedError) {
    return new RequestError('READ_MODEL_FAULTED', 'A read model has stopped.', 'Look at /health/ready.', { cause });
  }
  if (cause instanceof RetryableError) {
    const message = `The read models have not reached this position within ${WAIT_MS / 1_000} s.`;
    return new RequestError('READ_MODEL_BEHIND', message, 'Ask again in a moment.', { cause });
  }
  return cause;
}
