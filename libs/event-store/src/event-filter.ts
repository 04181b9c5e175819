import type { EventFilter, RecordedEvent, SubscribeOptions } from './port.js';

/** The conditions of a filter as one test; the same that PostgreSQL applies to pages of the log. */
export function filterMatcher(filter: EventFilter): (event: RecordedEvent) => boolean {
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

/** What a follower is woken for at the end of the log: events of its filter that concern it. */
export function followerMatcher({ concerns, ...filter }: SubscribeOptions): (event: RecordedEvent) => boolean {
  const fits = filterMatcher(filter);
  return concerns ? event => fits(event) && mayConcern(concerns, event) : fits;
}

/** Events are held against all who follow at once: one who cannot look at an event is given it, and fails by itself. */
function mayConcern(concerns: (event: RecordedEvent) => boolean, event: RecordedEvent): boolean {
  try {
    return concerns(event);
  } catch {
    return true;
  }
}
