import type { EventFilter, RecordedEvent } from './port.js';

/** The conditions of a filter as one test; the same that PostgreSQL applies to pages of the log. */
export function matcherFor(filter: EventFilter): (event: RecordedEvent) => boolean {
  const types = filter.types && new Set(filter.types);
  const categories = filter.categories && new Set(filter.categories);
  const { tenant, correlationId } = filter;
  // What most followers ask for, and fewest events are, comes first: each event is held against all who follow.
  return event =>
    (correlationId === undefined || event.metadata.correlationId === correlationId) &&
    (tenant === undefined || event.tenant === tenant) &&
    (types === undefined || types.has(event.type)) &&
    (categories === undefined || categories.has(event.category));
}
