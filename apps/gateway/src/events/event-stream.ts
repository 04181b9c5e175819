import type { Delivery } from '@runledger/messaging';
import { setTimeout as delay } from 'node:timers/promises';
import { positionText } from '../graph/position-text.js';
import { eventNode } from './event-nodes.js';

/** How events are written down for programs outside; both forms carry the same objects. */
export type EventForm = 'sse' | 'ndjson';

/** So that proxies keep a silent stream open. */
const ALIVE_EVERY_MS = 15_000;

/**
 * A batch as text. Where nothing matched, a stream of server-sent events is told how far the log was read: whoever comes back
 * from there need not look through it again.
 */
export function* textsOf({ events, scannedTo }: Delivery, form: EventForm): Iterable<string> {
  for (const event of events) {
    const data = JSON.stringify(eventNode(event));
    yield form === 'ndjson' ? `${data}\n` : `id: ${positionText(event.position)}\ndata: ${data}\n\n`;
  }
  if (events.length === 0 && form === 'sse') yield `id: ${positionText(scannedTo)}\n\n`;
}

/** The same texts, and a sign of life where none comes for a while. Ends what it reads from when it ends. */
export async function* keptAlive(
  texts: AsyncIterableIterator<string>,
  form: EventForm,
  everyMs = ALIVE_EVERY_MS,
): AsyncGenerator<string, void> {
  const alive = form === 'sse' ? ': alive\n\n' : '\n';
  try {
    for (let next = texts.next(); ;) {
      const waiting = new AbortController();
      const silence = delay(everyMs, undefined, { signal: waiting.signal }).catch(() => undefined);
      const first = await Promise.race([next, silence]).finally(() => waiting.abort());
      if (first?.done) return;
      yield first ? first.value : alive;
      if (first) next = texts.next();
    }
  } finally {
    await texts.return?.();
  }
}
