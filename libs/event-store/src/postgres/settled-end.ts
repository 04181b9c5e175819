import { pause } from '../pause.js';
import { START } from '../port.js';
import type { Position } from '../port.js';
import { LAST_EVENT } from './log-reader.js';
import { inSchema } from './migrate.js';
import { openAppends } from './open-appends.js';
import type { Sessions } from './sessions.js';
import { ReadInterruptedError, toReadError } from './store-errors.js';

const FIRST_PAUSE_MS = 2;
const LONGEST_PAUSE_MS = 50;

/**
 * The last event of all that are committed by now, once no open append holds readers back from it. The server ends appends
 * that stay open (`transaction_timeout`), so this ends too.
 */
export async function settledEnd(sessions: Sessions, schema: string, signal: AbortSignal): Promise<Position> {
  const now = await openAppends(sessions, schema);
  let { settled } = now;
  for (let ms = FIRST_PAUSE_MS; settled < now.given; ms = Math.min(ms * 2, LONGEST_PAUSE_MS)) {
    await pause(ms, signal);
    if (signal.aborted) throw new ReadInterruptedError(new Error('the store is closed'));
    ({ settled } = await openAppends(sessions, schema));
  }
  // A statement of its own: what committed while the last one ran is not in the snapshot of that one (R3).
  try {
    const statement = { name: 'runledger-last-event', text: inSchema(LAST_EVENT, schema) };
    const [row] = await sessions.run(statement, [now.given]);
    return row?.[0] ? BigInt(row[0]) : START;
  } catch (error) {
    throw toReadError(error);
  }
}
