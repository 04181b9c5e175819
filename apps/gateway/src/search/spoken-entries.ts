import type { Recorded } from '@runledger/projections';
import { entryPlaceOf, type SearchedText, type SpokenEvent } from './searched-texts.js';
import { partsOf } from './text-parts.js';

/** What an agent is saying, while it is not known whether it goes on. */
export interface SpokenEntry extends SearchedText {
  readonly entryId: string;
  /** Of its first event, decimal. */
  readonly position: string;
  /** Of the last one, decimal: what is not behind it was taken into account already (R1). */
  readonly upTo: string;
  /** How many parts of it were put down already. */
  readonly parts: number;
}

/** A part of an entry's text, put down for good. */
export interface SpokenPart extends SearchedText {
  readonly position: string;
  readonly part: number;
}

/** The entry with what this event adds to it; without an entry, the one that it begins. */
export function spokenOn(entry: SpokenEntry | undefined, event: Recorded<SpokenEvent>): SpokenEntry {
  const position = event.position.toString();
  if (entry) return { ...entry, text: entry.text + event.data.text, upTo: position };
  const kind = event.type === 'AgentText' ? 'TEXT' : 'THINKING';
  const { entryId, ...place } = entryPlaceOf(event);
  return { kind, ...place, entryId, text: event.data.text, position, upTo: position, parts: 0 };
}

/** The parts of an entry that are whole, and what of it is left to wait for more; nothing is when it `hasEnded`. */
export function putDown(entry: SpokenEntry, hasEnded: boolean): { done: readonly SpokenPart[]; rest: SpokenEntry } {
  const { upTo: _upTo, parts: before, ...place } = entry;
  const all = partsOf(entry.text);
  const whole = hasEnded ? all : all.slice(0, -1);
  const done = whole.map((text, index) => ({ ...place, text, part: before + index }));
  const rest = hasEnded ? '' : (all.at(-1) ?? '');
  return { done, rest: { ...entry, text: rest, parts: before + whole.length } };
}
