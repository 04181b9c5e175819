import type { Projection, Recorded } from '@runledger/projections';
import { searchedEvents, wholeTextOf, type SearchedEvent } from './searched-texts.js';
import { Spoken } from './spoken.js';
import { partsOf } from './text-parts.js';
import { putDownTexts, type TextRow } from './text-rows.js';

/** Of longer texts the beginning and the end are looked through, as people are shown them. */
const MAX_CHARS = 65_536;
/** Nobody looks for what is being said in this moment. */
const REST_MS = 250;

/**
 * Everything that was said in runs, to be looked for. A projection of its own: it may lag behind without holding up what people
 * watch. Nothing is indexed before it is whole, so that an answer of a thousand pieces is indexed once.
 */
export const searchProjection: Projection = {
  name: 'search',
  version: 2,
  // The correlation id is part of every event's row.
  partitioned: true,
  restMs: REST_MS,
  types: searchedEvents.map(event => event.type),
  tables: ['search_texts', 'search_spoken', 'search_pieces'],
  apply: async (events, rows) => {
    const own = events as readonly Recorded<SearchedEvent>[];
    const spoken = await Spoken.load(own, rows);
    const texts = own.flatMap(event => [...spoken.take(event), ...wholeTexts(event)]);
    await spoken.save(rows);
    await putDownTexts(texts, rows);
  },
};

function wholeTexts(event: Recorded<SearchedEvent>): TextRow[] {
  const found = wholeTextOf(event);
  if (!found) return [];
  const { tenant: workspaceId, metadata } = event;
  const place = { workspaceId, runId: metadata.correlationId, position: event.position.toString() };
  const parts = endsOf(found.text).flatMap(partsOf);
  return parts.map((text, part) => ({ ...found, ...place, text, part }));
}

function endsOf(text: string): string[] {
  return text.length <= MAX_CHARS ? [text] : [text.slice(0, MAX_CHARS / 2), text.slice(-MAX_CHARS / 2)];
}
