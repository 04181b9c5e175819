import { filterMatcher } from '../event-filter.js';
import type {
  AllSlice,
  Position,
  ReadAllOptions,
  ReadStreamOptions,
  RecordedEvent,
  StreamRef,
  StreamSlice,
} from '../port.js';
import { StreamTruncatedError } from './eventstoredb-errors.js';
import type { LogReader, StreamPage } from './log-reader.js';
import type { Pages } from './shared-pages.js';
import type { Stories, StoryOptions, StoryPlace } from './stories.js';
import type { Tail } from './tail.js';

/** Most events looked at by one call of a filtered read, and how many at least. */
const SCAN_EVENTS = 1_000;
const FEWEST_SCANNED = 50;

/** And after so much of the log in which it found something. */
const MOST_FOUND_BYTES = 8_000_000n;

/** A filtered read gives back what it has after this time, so that it ends however rare the matches are. */
const LONGEST_READ_MS = 1_000;

/** Where pages of the log come from. */
export interface PageSources {
  readonly reader: Pages;
  readonly tail: Tail;
}

/** A part of the log. One story is looked for where it lies; any other filter looks at all events. */
export async function readFiltered(
  sources: PageSources & { readonly stories: Stories },
  options: ReadAllOptions,
): Promise<AllSlice> {
  const { limit = 500, correlationId } = options;
  if (correlationId === undefined) return readScanning(sources, { ...options, limit });
  return readStory(sources, { ...options, limit, correlationId });
}

async function readStory(
  sources: PageSources & { readonly stories: Stories },
  options: StoryOptions,
): Promise<AllSlice> {
  const { after, limit, correlationId } = options;
  const known = await sources.stories.find(correlationId);
  // To look for it meanwhile would take longer, and hold up the pass: many may be waiting for it.
  if (known === 'not-yet') return { events: [], scannedTo: after, caughtUp: false };
  if (known === 'forgotten' || after > known.scannedTo) return readScanning(sources, options);
  const recalled = sources.stories.recall(known, options);
  if (recalled || !known.place) return recalled ?? { events: [], scannedTo: known.scannedTo, caughtUp: true };
  const { place, scannedTo } = known;
  const from = after > place.before ? after : place.before;
  const slice = await readScanning(sources, { ...options, after: from }, place);
  if (slice.scannedTo < place.last || slice.events.length === limit) return slice;
  // Behind its last event there is nothing more of the story; what came since may be in the slice already.
  return { ...slice, scannedTo: slice.scannedTo > scannedTo ? slice.scannedTo : scannedTo, caughtUp: true };
}

/**
 * The protocol has no filter for reads (only for subscriptions), so the events are looked at here: it costs as much as reading
 * all of them. What this process has in its tail anyhow is not read again; only what may have come behind it, so that every
 * event is seen that was there when the reading began. Of a place, no more is read than there is in it; and no more at once than
 * will be taken, as far as can be told from what was looked at: what a call brings beyond the limit was brought for nothing.
 */
async function readScanning(
  { reader, tail }: PageSources,
  { after, limit, ...filter }: ReadAllOptions & { readonly limit: number },
  place?: StoryPlace,
): Promise<AllSlice> {
  const matches = filterMatcher(filter);
  const started = performance.now();
  const kept = after > tail.to ? undefined : tail.peek(after, limit, matches);
  const events: RecordedEvent[] = [...(kept?.events ?? [])];
  const begin = kept?.scannedTo ?? after;
  let looked: { readonly from: Position; readonly ours: Position } = { from: begin, ours: begin };
  let scanned = 0;
  let found = 0;
  let heavy = 0n;
  const isEnough = () => events.length >= limit || (place !== undefined && looked.ours >= place.last);
  const pageSize = () => {
    const missing = limit - events.length;
    const likely = scanned === 0 ? missing : Math.ceil((missing * scanned) / Math.max(found, 1));
    return Math.min(SCAN_EVENTS, Math.max(FEWEST_SCANNED, likely), place?.events ?? SCAN_EVENTS);
  };
  while (!isEnough() && performance.now() - started < LONGEST_READ_MS && heavy < MOST_FOUND_BYTES) {
    const page = await reader.page(looked.from, pageSize());
    const foundBefore = found;
    for (const event of page.events) {
      if (events.length === limit) return { events, scannedTo: looked.ours, caughtUp: false };
      looked = { ...looked, ours: event.position };
      if (matches(event)) found = events.push(event) - (kept?.events.length ?? 0);
    }
    scanned += page.events.length;
    if (found > foundBefore) heavy += page.scannedTo - looked.from;
    looked = { ...looked, from: page.scannedTo };
    // Not behind the last event of ours, though the server's own may follow: consumers compare with `head`.
    if (page.atHead) return { events, scannedTo: looked.ours, caughtUp: true };
  }
  return { events, scannedTo: isEnough() ? looked.ours : looked.from, caughtUp: false };
}

/** A part of one stream, and where the stream ends: with a call of its own only when the part does not tell. */
export async function readSlice(
  reader: LogReader,
  stream: StreamRef,
  { from, direction = 'forwards', limit = 1_000 }: ReadStreamOptions,
): Promise<StreamSlice> {
  const forwards = direction === 'forwards';
  if (forwards && limit > 0) {
    const page = await reader.stream(stream, { from: from ?? 'start', backwards: false, limit });
    if (page.state !== 'active') return none(page);
    // What the deletion of a stream hides is meant to be hidden; what the server forgets by itself is not (E4).
    if (page.firstRead > (from ?? 0) && (await reader.isTruncated(stream))) {
      throw new StreamTruncatedError(stream.name, page.firstRead);
    }
    if (page.count > 0 && page.count < limit) return slice(page, page.lastRead);
    const tail = await tailOf(reader, stream);
    return tail.state === 'active' ? slice(page, Math.max(tail.lastRead, page.lastRead)) : none(tail);
  }
  const tail = await tailOf(reader, stream);
  if (tail.state !== 'active' || tail.count === 0) return none(tail);
  if (limit === 0) return { state: 'active', events: [], lastRevision: tail.lastRead };
  // The server gives nothing for a revision beyond the end.
  const start = Math.min(from ?? tail.lastRead, tail.lastRead);
  const page = await reader.stream(stream, { from: start, backwards: true, limit });
  return page.state === 'active' ? slice(page, tail.lastRead) : none(page);
}

function tailOf(reader: LogReader, stream: StreamRef): Promise<StreamPage> {
  return reader.stream(stream, { from: 'end', backwards: true, limit: 1 });
}

function slice({ events }: StreamPage, lastRevision: number): StreamSlice {
  if (lastRevision < 0) return { state: 'absent', events: [], lastRevision };
  return { state: 'active', events: events.map(({ event }) => event), lastRevision };
}

function none({ state }: StreamPage): StreamSlice {
  return { state: state === 'tombstoned' ? 'tombstoned' : 'absent', events: [], lastRevision: -1 };
}
