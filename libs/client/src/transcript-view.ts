import type { TranscriptFactsFragment } from './generated.js';

/** A transcript as it grows: entries in order, each with all of its text so far. */
export type TranscriptView = readonly TranscriptFactsFragment[];

/**
 * What is held after one more segment of the subscription `transcript`: an entry that comes again brings only what is new of its
 * text, and everything else as it stands.
 */
export function withSegment(held: TranscriptView, entries: readonly TranscriptFactsFragment[]): TranscriptView {
  const byId = new Map(held.map(entry => [entry.id, entry]));
  for (const entry of entries) byId.set(entry.id, joined(byId.get(entry.id), entry));
  return [...byId.values()].sort((a, b) => (BigInt(a.seq) < BigInt(b.seq) ? -1 : 1));
}

function joined(before: TranscriptFactsFragment | undefined, now: TranscriptFactsFragment): TranscriptFactsFragment {
  if (!before) return now;
  if ('streamed' in now && 'streamed' in before) return { ...now, streamed: before.streamed + now.streamed };
  if ('text' in now && 'text' in before) return { ...now, text: before.text + now.text };
  return now;
}
