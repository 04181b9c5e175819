import type { EventStore, Position } from '../port.js';

/** At least `position` unless the log ends before it; then reading from there is refused with `LogBehindError`. */
export async function endOf(log: Pick<EventStore, 'head' | 'readAll'>, position: Position): Promise<Position> {
  const head = await log.head();
  if (position <= head) return head;
  // Behind the head there may be events that are not ours, and a reader may stand at one of them.
  await log.readAll({ after: position, limit: 1 });
  return position;
}
