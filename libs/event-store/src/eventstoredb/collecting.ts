import type { StreamingRead } from '@eventstore/db-client';
import { ReadInterruptedError } from '../postgres/store-errors.js';

/** A silence is looked at so often before it counts: what waits in the socket of a busy process is no silence. */
const LOOKS = 4;

export interface Limits<E> {
  /** Time in which the call must bring at least one event or end. */
  readonly silenceMs: number;
  /** The store is closed. */
  readonly signal: AbortSignal;
  /** Asked with each event, last with the one that is to be the last. Default: all are wanted. */
  readonly isEnough?: ((event: E) => boolean) | undefined;
}

export interface Collected<E> {
  readonly events: readonly E[];
  /** It was enough before the call was over. */
  readonly cut: boolean;
}

/**
 * What one reading call of the client brings. The client sets such calls no limit in time, and one that is cancelled never ends. Whoever leaves
 * a call lets the rest of it flow away: a call that was answered and is not read to its end is held by the client for ever, and
 * its closing waits for it.
 */
export function collect<E>(
  reading: StreamingRead<E>,
  { silenceMs, signal, isEnough }: Limits<E>,
): Promise<Collected<E>> {
  return new Promise((resolve, reject) => {
    const events: E[] = [];
    let silent = 0;
    const leave = () => {
      over();
      reading.cancel().catch(() => undefined); // it was never made, or is broken already
      reading.resume();
    };
    const giveUp = (reason: string) => {
      leave();
      reject(new ReadInterruptedError(new Error(reason)));
    };
    const take = (event: E) => {
      silent = 0;
      events.push(event);
      if (isEnough?.(event) !== true) return;
      leave();
      resolve({ events, cut: true });
    };
    const onClose = () => giveUp('the store is closed');
    const looking = setInterval(() => {
      silent += 1;
      if (silent >= LOOKS) giveUp(`no answer for ${silenceMs} ms`);
    }, silenceMs / LOOKS);
    const over = () => {
      clearInterval(looking);
      signal.removeEventListener('abort', onClose);
      reading.off('data', take);
    };
    reading.on('data', take);
    reading.on('end', () => resolve({ events, cut: false }));
    reading.on('error', reject); // also when nobody waits any more
    reading.on('end', over).on('error', over);
    signal.addEventListener('abort', onClose);
    if (signal.aborted) onClose();
  });
}
