import { setTimeout as delay } from 'node:timers/promises';
import { CloudListening } from './cloud-listening.js';
import { agentGone } from './cloud-faults.js';
import type { CloudSession, CloudWork } from './cloud-session.js';
import type { CloudTurn } from './cloud-turn.js';
import type { CloudRun } from './cursor-api.js';

const OVER = new Set(['FINISHED', 'ERROR', 'CANCELLED', 'EXPIRED']);
const FIRST_LOOK_MS = 1_000;
const LONGEST_PAUSE_MS = 20_000;
/** The end of the stream may come later than that of the run. */
const DRAIN_MS = 5_000;
/** A run that was cancelled has this long to end. */
const CANCEL_MS = 15_000;

export interface Followed {
  readonly begun: CloudRun;
  readonly told: CloudTurn;
}

/**
 * Follows a run to its end: its status is asked for again and again and is the truth; the stream says what happens, and when to look.
 * Undefined: the attempt was cancelled or took too long, and so the run was cancelled.
 */
export async function followed(
  { run, api }: CloudWork,
  session: CloudSession,
  { begun, told }: Followed,
): Promise<CloudRun | undefined> {
  const { stop } = run;
  const { agentId } = session;
  const listening = new CloudListening(api, { agentId, runId: begun.id, turn: told });
  try {
    for (let pauseMs = FIRST_LOOK_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      stop.throwIfLeft();
      if (stop.signal.aborted) return await cancelled({ api, agentId, runId: begun.id });
      stop.throwIfPaused();
      const found = await session
        .insist(() => api.run(agentId, begun.id))
        .catch((error: unknown) => {
          if (!stop.signal.aborted) throw error;
          return undefined; // looked at above
        });
      if (found === undefined) continue;
      if (typeof found === 'string') throw agentGone(agentId);
      if (OVER.has(found.status)) {
        await Promise.race([listening.over, delay(DRAIN_MS, undefined, { ref: false })]);
        return found;
      }
      await next(listening, pauseMs, [stop.signal, stop.pausing]);
    }
  } finally {
    listening.close();
    await listening.over.catch((error: unknown) => {
      if (!stop.signal.aborted) throw error;
    });
  }
}

/** Until there is news, or it is time to look. Rejects when what was heard cannot be written down. */
async function next(listening: CloudListening, pauseMs: number, signals: AbortSignal[]): Promise<void> {
  const over = new AbortController();
  const signal = AbortSignal.any([over.signal, ...signals]);
  const pause = delay(pauseMs, undefined, { signal }).catch(() => undefined); // stopped: whoever waits looks why
  const failed = listening.over.then(() => pause);
  try {
    await Promise.race([pause, listening.news, failed]);
  } finally {
    over.abort();
  }
}

interface Cancelling {
  readonly api: CloudWork['api'];
  readonly agentId: string;
  readonly runId: string;
}

/** What cannot be reached now goes on at the vendor: nobody waits for it. */
async function cancelled({ api, agentId, runId }: Cancelling): Promise<undefined> {
  const until = performance.now() + CANCEL_MS;
  for (let pauseMs = 500; performance.now() < until; pauseMs *= 2) {
    const answer = await api.cancel(agentId, runId);
    if (answer.status === 'finished') return;
    await delay(pauseMs);
  }
}
