import type { Position, RecordedEvent } from '../port.js';

/** Farther behind the event before it, an event need not be large: others' events may lie between, or a gap. */
const LONGEST_SPAN = 65_536;

/**
 * Bytes that an event takes, roughly. Positions are places in the server's log, in bytes, so what lies between an event and the one
 * before it says it for nothing; where that is much, the event is looked at.
 */
export function weightOf({ position, data }: RecordedEvent, before: Position): number {
  const span = Number(position - before);
  return span <= LONGEST_SPAN ? span : Math.min(span, JSON.stringify(data ?? null).length);
}
