import type { Projection, Recorded } from '@runledger/projections';
import { calledEvents, type CalledEvent } from './called-texts.js';
import { Calls, isOfCalls } from './calls.js';
import { searchedEvents, wholeTextOf, type SearchedEvent, type SearchedText } from './searched-texts.js';
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
  types: [...searchedEvents, ...calledEvents].map(event => event.type),
  tables: ['search_texts', 'search_spoken', 'search_pieces', 'search_calls'],
  apply: async (events, rows) => {
    const all = events as readonly Recorded<SearchedEvent | CalledEvent>[];
    const own = all.filter(event => !isOfCalls(event)) as readonly Recorded<SearchedEvent>[];
    const ofCalls = all.filter(isOfCalls);
    const spoken = await Spoken.load(own, rows);
    const calls = await Calls.load(ofCalls, rows);
    const texts = own.flatMap(event => [...spoken.take(event), ...rowsOf(wholeTextOf(event), event)]);
    const called = ofCalls.flatMap(event => rowsOf(calls.take(event), event));
    await spoken.save(rows);
    await calls.save(rows);
    await putDownTexts([...texts, ...called], rows);
  },
};

function rowsOf(found: SearchedText | undefined, event: Recorded<SearchedEvent | CalledEvent>): TextRow[] {
  if (!found) return [];
  const { tenant: workspaceId, metadata } = event;
  const place = { workspaceId, runId: metadata.correlationId, position: event.position.toString() };
  const parts = endsOf(found.text).flatMap(partsOf);
  return parts.map((text, part) => ({ ...found, ...place, text, part }));
}

function endsOf(text: string): string[] {
  return text.length <= MAX_CHARS ? [text] : [text.slice(0, MAX_CHARS / 2), text.slice(-MAX_CHARS / 2)];
}
