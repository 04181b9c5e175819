import type { Position } from '@runledger/event-store';
import { endingOf, entryIdOf, entryOf, type TranscriptEntry, type TranscriptEvent } from './transcript-entries.js';

export type PlacedEvent = TranscriptEvent & { readonly position: Position };

/**
 * Joins a transcript's events into entries, segment by segment: an entry that goes on from an earlier segment comes again
 * with its new text only. Remembers of each entry what is needed to say where it belongs, never its text.
 */
export class TranscriptFold {
  readonly #begun: Map<string, TranscriptEntry>;

  /** `begun`: the headers of those entries that may go on, by id. */
  constructor(begun: Iterable<readonly [string, TranscriptEntry]> = []) {
    this.#begun = new Map(begun);
  }

  /** The entries that these events begin or go on with, in order. Events come in log order, each once. */
  segment(events: readonly PlacedEvent[]): readonly TranscriptEntry[] {
    const segment = new Map<string, TranscriptEntry>();
    for (const event of events) {
      const id = entryIdOf(event);
      const current = segment.get(id);
      const earlier = current ?? this.#begun.get(id);
      const entry = earlier ? goneOn(earlier, event) : entryOf(event, event.position.toString());
      if (!entry) continue; // output of a call whose start is not in the log: nothing to attach it to
      segment.set(id, entry);
    }
    for (const [id, entry] of segment) this.#remember(id, entry);
    return [...segment.values()].sort((a, b) => (BigInt(a.seq) < BigInt(b.seq) ? -1 : 1));
  }

  #remember(id: string, entry: TranscriptEntry): void {
    const header = headerOf(entry);
    if (header) this.#begun.set(id, header);
    // What ended does not go on, and its arguments may be big.
    else this.#begun.delete(id);
  }
}

/** What is needed of an entry to go on with it; undefined when it does not go on. */
export function headerOf(entry: TranscriptEntry): TranscriptEntry | undefined {
  switch (entry.__typename) {
    case 'TextEntry':
    case 'ThinkingEntry':
    case 'SetupEntry':
    case 'InfoEntry':
      return { ...entry, text: '' };
    case 'ToolEntry':
      return entry.state === 'RUNNING' ? { ...entry, streamed: '' } : undefined;
    case 'ErrorEntry':
      return undefined;
  }
}

function goneOn(entry: TranscriptEntry, event: TranscriptEvent): TranscriptEntry {
  if (entry.__typename === 'ToolEntry') {
    if (event.type === 'ToolOutput') return { ...entry, streamed: entry.streamed + event.data.text };
    return event.type === 'ToolCallEnded' ? { ...entry, ...endingOf(event.data) } : entry;
  }
  const goesOn = 'text' in entry && 'text' in event.data;
  return goesOn ? { ...entry, text: entry.text + event.data.text } : entry;
}
