import { setTimeout as delay } from 'node:timers/promises';
import type { StepRun } from '../attempt/step-run.js';
import type { Transcript } from '../attempt/transcript.js';
import { ChannelClosedError, LineChannel } from './line-channel.js';
import type { RunnerDirectory } from './runner-directory.js';
import type { BeginOrder, PortCall, RunnerEnd, RunnerOps, Taken } from './runner-protocol.js';
import { leftInSpool } from './spool.js';
import { killsForMemory, saysHeapIsFull } from './want-of-memory.js';

export interface Attaching {
  readonly run: StepRun;
  readonly directory: RunnerDirectory;
  /** Of the owner for whom the runner was begun. */
  readonly runnerEpoch: number;
  /** Whether it goes on when this process is told to stop. */
  readonly outlives: () => boolean;
  readonly answer: (call: PortCall) => Promise<unknown>;
  /** Something to be counted. */
  readonly heard: (op: string, data: unknown) => void;
}

/** A runner that was told to stop has this long before it is killed. */
const STOP_WITHIN_MS = 15_000;
const LEAVE_WITHIN_MS = 5_000;
const GONE_WITHIN_MS = 5_000;
const LOOK_EVERY_MS = 5;

/** It died without a word about its end. */
export interface Gone {
  readonly kind: 'gone';
  readonly forWantOfMemory: boolean;
}

/** `detached`: it goes on without this process. */
export type Followed = RunnerEnd | Gone | 'detached';

/** One runner and the owner of its attempt: what it says goes to the log, what its attempt is told goes to the runner. */
export class RunnerAttachment {
  #after = 0;
  readonly #killsBefore = killsForMemory();

  constructor(private readonly parts: Attaching) {}

  /** Until the runner's end; from its beginning when there is an order. Its process is gone then, unless it was detached. */
  async follow(order?: BeginOrder): Promise<Followed> {
    const { run, directory } = this.parts;
    let end: RunnerEnd | 'detached' | undefined;
    try {
      end = await this.#live(order);
      if (end === 'detached') return end;
      await ended(directory, end === undefined ? GONE_WITHIN_MS : 0);
    } catch (error) {
      await ended(directory, 0);
      throw error;
    }
    await storeRest(run.transcript, directory, { epoch: this.parts.runnerEpoch, after: this.#after });
    const told = directory.exit()?.end ?? end; // a full disk may have kept it from writing down what it told
    return told ?? { kind: 'gone', forWantOfMemory: this.#lackedMemory() };
  }

  #lackedMemory(): boolean {
    return saysHeapIsFull(this.parts.directory.log) || killsForMemory() > this.#killsBefore;
  }

  /** Undefined: the connection ended before the runner said how its work did. */
  async #live(order: BeginOrder | undefined): Promise<RunnerEnd | 'detached' | undefined> {
    const { directory, run, answer, heard } = this.parts;
    const socket = await directory.connect().catch(() => undefined); // it has ended, or is about to
    if (!socket) return undefined;
    const channel = new LineChannel(socket, (op, data) => (op === 'port' ? answer(data as PortCall) : heard(op, data)));
    const parting = this.#passStopsOn(channel);
    try {
      if (order) await channel.ask<void>('begin', order);
      else await channel.ask<void>('attach', { epoch: run.history.epoch } satisfies RunnerOps['attach']);
      return await this.#pump(channel);
    } catch (error) {
      if (parting.detached) return 'detached';
      if (error instanceof ChannelClosedError) return undefined;
      throw error;
    } finally {
      parting.end();
      channel.close();
    }
  }

  async #pump(channel: LineChannel): Promise<RunnerEnd> {
    const { run } = this.parts;
    for (;;) {
      const taken = await channel.ask<Taken>('take', { after: this.#after } satisfies RunnerOps['take']);
      if ('end' in taken) {
        channel.tell('bye');
        await channel.closed;
        return taken.end;
      }
      await run.transcript.relay(batchName(this.parts.runnerEpoch, taken.seq), taken.entries);
      this.#after = taken.seq;
    }
  }

  #passStopsOn(channel: LineChannel): { detached: boolean; end(): void } {
    const { run, outlives, directory } = this.parts;
    const { stop } = run;
    const given = new AbortController();
    const parting = { detached: false, end: () => given.abort() };
    const onStop = (): void => {
      if (stop.cause === 'shutdown' && outlives()) {
        parting.detached = true;
        return channel.close();
      }
      const cause = stop.cause ?? 'lost';
      channel.tell('stop', { cause, force: stop.signal.reason === 'force' } satisfies RunnerOps['stop']);
      const patienceMs = cause === 'shutdown' || cause === 'lost' ? LEAVE_WITHIN_MS : STOP_WITHIN_MS;
      const timer = setTimeout(() => directory.kill(), patienceMs);
      given.signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
    };
    const onPause = (): void => channel.tell('pause');
    stop.signal.addEventListener('abort', onStop, { signal: given.signal });
    stop.pausing.addEventListener('abort', onPause, { signal: given.signal });
    if (stop.signal.aborted) onStop();
    if (stop.pausing.aborted) onPause();
    return parting;
  }
}

/** Resolves when the process is gone; what does not end by itself is killed. */
export async function ended(directory: RunnerDirectory, patienceMs: number): Promise<void> {
  const killAt = performance.now() + patienceMs;
  while (directory.isAlive) {
    if (performance.now() >= killAt) directory.kill();
    await delay(LOOK_EVERY_MS);
  }
}

/** Stores what a runner that is gone had said after the batch `after`; what was stored before is not stored twice (R1). */
export async function storeRest(
  transcript: Transcript,
  directory: RunnerDirectory,
  { epoch, after }: { readonly epoch: number; readonly after: number },
): Promise<void> {
  for (const { seq, entries } of leftInSpool(directory.spool)) {
    if (seq > after) await transcript.relay(batchName(epoch, seq), entries);
  }
}

/** The same name whoever stores it: it is stored once (E1). `epoch`: of the owner for whom the runner was begun. */
function batchName(epoch: number, seq: number): string {
  return `runner-${epoch}/${seq}`;
}
