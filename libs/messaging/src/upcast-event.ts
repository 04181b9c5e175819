import type { RecordedEvent } from '@runledger/event-store';
import type { EventCatalogue } from '@runledger/kernel';

/** The event with its data as today's version; what is stored stays as it is (E4). Throws `UnknownEventError`. */
export function upcastEvent(catalogue: EventCatalogue, event: RecordedEvent): RecordedEvent {
  const data = catalogue.upcast(event.type, event.metadata.schemaVersion, event.data);
  return data === event.data ? event : { ...event, data };
}
