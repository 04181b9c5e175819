import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Seat } from './cluster.config.js';
import { internalUrl } from './cluster.config.js';
import { ReplicaFailingError } from './cluster-errors.js';

const PROGRAM = join(import.meta.dirname, '..', 'service.js');
const SOURCE_MAPS = join(import.meta.dirname, '..', 'source-maps.js');

const MOST_FAILURES = 3;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 2_000;
/** Whoever has lived so long does not owe its end to how it was started. */
const SETTLED_AFTER_MS = 30_000;
const WAITING_SAID_EVERY_MS = 30_000;
/** Longer than a service gives itself. */
const ENDED_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 50;
/** Processes that start take all that a small machine has: who asks them too often makes it longer. */
const LONGEST_LOOK_MS = 300;

/** Told what becomes of the processes. */
export interface ReplicaWatcher {
  /** `again`: it had ended unasked. */
  started(replica: Replica, again: boolean): void;
  ended(replica: Replica, how: string): void;
  /** It lives and is not ready yet; `words`: what it says about that. */
  waiting(replica: Replica, words: string): void;
  /** It did not end well when it was asked to. */
  broken(replica: Replica, how: string): void;
}

/**
 * One process of the cluster: started, started again whenever it ends unasked, and ended. One that fails again and again before it
 * was ever ready is given up: something is wrong with it, and not with the moment.
 */
export class Replica {
  #child: ChildProcess | undefined;
  #isReady = false;
  #living: Promise<void> | undefined;
  #wasEverReady = false;
  #failed: ReplicaFailingError | undefined;
  #stop = new AbortController();

  constructor(
    readonly seat: Seat,
    private readonly environment: NodeJS.ProcessEnv,
    private readonly watcher: ReplicaWatcher,
  ) {}

  get name(): string {
    return `${this.seat.service} ${this.seat.number}`;
  }

  /** Of the process that lives now. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  start(): void {
    this.#stop = new AbortController();
    this.#failed = undefined;
    this.#living = this.#live();
  }

  /** Resolves once it can do its work, or is to end. Throws `ReplicaFailingError`. Read models that are rebuilt may take their time. */
  async ready(): Promise<void> {
    let saidAt = performance.now();
    while (!this.#isReady && !this.#stop.signal.aborted) {
      if (this.#failed !== undefined) throw this.#failed;
      if (performance.now() - saidAt > WAITING_SAID_EVERY_MS) {
        saidAt = performance.now();
        this.watcher.waiting(this, await this.#words());
      }
      await delay(LOOK_EVERY_MS);
    }
  }

  /** Asks it to finish and end, and waits; one that does not is killed. It leaves nothing behind, unless it is to be started again. */
  async stop(isFinal = true): Promise<void> {
    this.#stop.abort();
    const child = this.#child;
    const late = new AbortController();
    child?.kill(isFinal ? 'SIGHUP' : 'SIGTERM');
    delay(ENDED_WITHIN_MS, undefined, { signal: late.signal }).then(
      () => child?.kill('SIGKILL'),
      () => undefined, // it ended before
    );
    await this.#living;
    late.abort();
  }

  async #live(): Promise<void> {
    let failures = 0;
    let quickEnds = 0;
    for (let starts = 0; !this.#stop.signal.aborted; starts += 1) {
      const startedAt = performance.now();
      const { how, wasReady } = await this.#lifetime(starts > 0);
      if (this.#stop.signal.aborted) {
        if (wasReady && how !== 'exit code 0') this.watcher.broken(this, how);
        return;
      }
      this.watcher.ended(this, how);
      failures = wasReady ? 0 : failures + 1;
      quickEnds = performance.now() - startedAt > SETTLED_AFTER_MS ? 0 : quickEnds + 1;
      if (failures >= MOST_FAILURES) this.#failed = new ReplicaFailingError(this.name, failures, how);
      if (this.#failed && !this.#wasEverReady) return;
      await this.#pause(Math.min(FIRST_PAUSE_MS * 2 ** quickEnds, LONGEST_PAUSE_MS));
    }
  }

  /** From its start to its end. */
  async #lifetime(again: boolean): Promise<{ readonly how: string; readonly wasReady: boolean }> {
    const child = this.#spawn();
    const ended = new AbortController();
    const end = endOf(child).finally(() => ended.abort());
    this.watcher.started(this, again);
    const becoming = this.#becomeReady(ended.signal);
    const how = await end;
    await becoming;
    const wasReady = this.#isReady;
    this.#isReady = false;
    this.#child = undefined;
    return { how, wasReady };
  }

  /** In a group of its own, so that the terminal's Ctrl-C reaches the supervisor alone, who ends all in order. */
  #spawn(): ChildProcess {
    const program = ['--import', SOURCE_MAPS, PROGRAM, this.seat.service];
    this.#child = spawn(process.execPath, program, {
      env: this.environment,
      stdio: ['ignore', 2, 2, 'ipc'],
      detached: true,
    });
    return this.#child;
  }

  /** Asks after a tenth of the time that it has taken so far. */
  async #becomeReady(ended: AbortSignal): Promise<void> {
    const begunAt = performance.now();
    while (!ended.aborted) {
      const isReady = await this.#ask().then(
        response => response.ok,
        () => false, // it does not listen yet
      );
      if (isReady && !ended.aborted) {
        this.#isReady = true;
        this.#wasEverReady = true;
        this.#failed = undefined;
        return;
      }
      const pauseMs = Math.min(LONGEST_LOOK_MS, Math.max(LOOK_EVERY_MS, (performance.now() - begunAt) / 10));
      await delay(pauseMs, undefined, { signal: ended }).catch(() => undefined);
    }
  }

  #ask(): Promise<Response> {
    return fetch(`${internalUrl(this.seat)}/health/ready`, { signal: AbortSignal.timeout(5_000) });
  }

  #words(): Promise<string> {
    return this.#ask().then(
      response => response.text(),
      (error: unknown) => String((error as Error).cause ?? error),
    );
  }

  async #pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#stop.signal }).catch(() => undefined);
  }
}

async function endOf(child: ChildProcess): Promise<string> {
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    return signal ?? `exit code ${code}`;
  } catch (error) {
    return (error as Error).message; // it could not be started at all
  }
}
