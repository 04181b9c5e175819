import type { Recorded } from '@runledger/projections';
import { entryIdOf } from '../transcript/transcript-entries.js';
import { entryPlaceOf, type SearchedText, type SpokenEvent } from './searched-texts.js';
import { partsOf } from './text-parts.js';

/** What an agent is saying, while it is not known whether it goes on. Its text is kept apart, piece by piece. */
export interface SpokenEntry extends Omit<SearchedText, 'text'> {
  readonly entryId: string;
  /** Of its first event, decimal. */
  readonly position: string;
  /** Of the last one, decimal: what is not behind it was taken into account already (R1). */
  readonly upTo: string;
  /** How many parts of it were put down already. */
  readonly parts: number;
  /** How long its text is that was not put down yet, in UTF-16 code units. */
  readonly chars: number;
}

/** A part of an entry's text, put down for good. */
export interface SpokenPart extends SearchedText {
  readonly position: string;
  readonly part: number;
}

/** The entry with this event, its text in `chars` alone; without an entry, the one that the event begins. */
export function spokenOn(entry: SpokenEntry | undefined, event: Recorded<SpokenEvent>): SpokenEntry {
  const upTo = event.position.toString();
  const { length } = event.data.text;
  if (entry) return { ...entry, upTo, chars: entry.chars + length };
  return { kind: kindOf(event), ...entryPlaceOf(event), position: upTo, upTo, parts: 0, chars: length };
}

/** Whether the event says more of the entry, and does not begin another one. */
export function goesOn(entry: SpokenEntry, event: Recorded<SpokenEvent>): boolean {
  return entry.kind === kindOf(event) && entry.entryId === entryIdOf(event);
}

function kindOf({ type }: Recorded<SpokenEvent>): 'TEXT' | 'THINKING' {
  return type === 'AgentText' ? 'TEXT' : 'THINKING';
}

/** The parts of an entry's text that are whole, and what of it is left to wait for more; nothing is when it `hasEnded`. */
export function putDown(entry: SpokenEntry, text: string, hasEnded: boolean) {
  const { upTo: _upTo, parts: before, chars: _chars, ...place } = entry;
  const all = partsOf(text);
  const whole = hasEnded ? all : all.slice(0, -1);
  const done = whole.map((each, index): SpokenPart => ({ ...place, text: each, part: before + index }));
  const rest = hasEnded ? '' : (all.at(-1) ?? '');
  return { done, rest, entry: { ...entry, parts: before + whole.length, chars: rest.length } };
}
