import { catalogue } from '@runledger/contracts';
import type { PartitionLease, RecordedEvent } from '@runledger/event-store';
import { upcastEvent } from '@runledger/messaging';
import type { Reactor } from '@runledger/messaging';
import type { BigEvents, PersonalData } from '@runledger/platform';
import type { Consumer, Order } from './define-consumer.js';
import { effectsOf } from './effects.js';
import type { HandledEvents } from './handled-events.js';

export interface ReactorParts {
  readonly handled: HandledEvents;
  readonly big: BigEvents;
  readonly personal: PersonalData;
}

/** A consumer as what runs it sees it: a reactor whose effects are its own business, and happen once. */
export function reactorOf(consumer: Consumer, parts: ReactorParts): Reactor {
  const react = async (event: RecordedEvent, lease: PartitionLease | undefined) => {
    if (!lease) throw new TypeError(`${consumer.name} was handed an event without the right to its partition.`);
    await parts.handled.once({ position: event.position, lease }, async client => {
      const read = await readable(event, parts);
      await consumer.handle(read, effectsOf(client, consumer.name, read));
    });
  };
  const { name, events: types, orderBy } = consumer;
  return { name, types, react, asStored: true, partitionBy: event => keyOf(event, orderBy) };
}

/**
 * The event as handlers read it: whole, with the data of today's version, and what is personal opened. Made at each try, so that a
 * dead letter holds nothing readable, who was erased meanwhile is erased here too, and what cannot be read now may be later.
 */
async function readable(event: RecordedEvent, { big, personal }: Omit<ReactorParts, 'handled'>) {
  return personal.opened(upcastEvent(catalogue, await big.whole(event)));
}

function keyOf({ metadata, tenant, stream }: RecordedEvent, order: Order): string {
  switch (order) {
    case 'run':
      return metadata.correlationId;
    case 'workspace':
      return tenant;
    case 'stream':
      return `${tenant}/${stream}`;
  }
}
