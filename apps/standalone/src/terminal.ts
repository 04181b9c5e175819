import { setTimeout as delay } from 'node:timers/promises';
import type { ReadyFacts } from './announcement.js';
import { GraphqlClient } from './demo/graphql-client.js';
import { lastWords } from './last-words.js';
import { followUnfinishedRuns } from './run-follower.js';

/** What was started from a terminal and answers. */
export interface Started {
  readonly url: string;
  readonly token: string;
  /** How the database was found: started, adopted or external. */
  readonly database: string;
  /** Where the log is and how it reaches its followers. */
  readonly log: string;
  stop(): Promise<void>;
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function fail(error: unknown): void {
  process.stderr.write(`${lastWords(error)}\n`);
}

export function readyFacts({ url, token, database, log }: Started, home: string): Omit<ReadyFacts, 'readyMs'> {
  const embedded = database === 'adopted' ? 'embedded PostgreSQL, found running' : 'embedded PostgreSQL';
  return { url, token, home, log, database: database === 'external' ? 'the PostgreSQL of DATABASE_URL' : embedded };
}

const LOOK_AGAIN_MS = 1_000;
/** A gateway that is replaced is back long before. */
const LOOKS = 60;

/**
 * For the convenience of whoever sits at the terminal; the platform does not need it. A gateway that is away is waited for, and what
 * was said is not said again.
 */
export async function followRuns({ url, token }: Pick<Started, 'url' | 'token'>, ending: AbortSignal): Promise<void> {
  const said = new Set<string>();
  const printOnce = (text: string) => {
    if (!said.has(text)) print(text);
    said.add(text);
  };
  for (let looks = 1; !ending.aborted; looks += 1) {
    const since = performance.now();
    try {
      await followUnfinishedRuns(new GraphqlClient(`${url}/graphql`, token), { url, token, print: printOnce });
      return;
    } catch (error) {
      if (ending.aborted) return;
      if (performance.now() - since > LOOKS * LOOK_AGAIN_MS) looks = 0;
      if (looks === LOOKS)
        return print(`Gates are not announced here any more (${(error as Error).message}); the console shows them.`);
      await delay(LOOK_AGAIN_MS, undefined, { signal: ending }).catch(() => undefined); // the end does not wait for it
    }
  }
}

/** It cannot go on by itself. What was executing goes on at the next start (R2). */
export function endNow(error: unknown, starting: Promise<Started>, withinMs: number): void {
  fail(error);
  const stopped = starting.then(started => started.stop());
  void Promise.allSettled([Promise.race([stopped, delay(withinMs)])]).then(() => process.exit(1));
}
