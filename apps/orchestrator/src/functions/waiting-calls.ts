import { setImmediate as nextTurn } from 'node:timers/promises';
import type { RecordedEvent } from '@runledger/event-store';
import { jsonBytes } from '../values/storable-text.js';
import type { CallInterest, Interest, Ready } from './call-interest.js';
import type { CallObserver } from './call-observer.js';
import type { CallSlots } from './call-slots.js';
import { LOOK_EVERY_MS } from './running-call.js';
import { SharedSignals } from './shared-signals.js';

/** Taken up besides those that are called: what one workspace can hand in at once, so that those behind it in the log are read. */
export const MAX_WAITING = 10_000;
/** What their functions are to be called with, which is in memory as long as they wait. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;
/** Further ones are looked at a second later. */
const MAX_LOOKS = 256;
const LOOKS_AT_ONCE = 32;
/** What is remembered of so many runs is looked at without a pause: a millisecond or two, where all of them take ten times that. */
const GLANCES_AT_ONCE = 500;

/** `come`: it has a slot. `stopped`: its partition was given up. Otherwise nobody waits for it any more, and it needs none. */
export type Turn = 'come' | 'stopped' | Exclude<Interest, 'awaited'>;

interface Waiting {
  readonly workspaceId: string;
  readonly ready: Ready;
  readonly signal: AbortSignal | undefined;
  readonly bytes: number;
  readonly onTurn: () => void;
  readonly settle: (turn: Turn) => void;
}

interface WaitingParts {
  readonly slots: CallSlots;
  readonly interest: CallInterest;
  readonly observer: CallObserver;
}

/** Calls that wait for a slot. Each second it is looked whether their runs still wait for them. */
export class WaitingCalls {
  /** Those come first that were looked at longest ago. */
  readonly #waiting = new Set<Waiting>();
  readonly #signals = new SharedSignals<Waiting>(call => call.settle('stopped'));
  #bytes = 0;
  /** Now, or in less than a second. */
  #isLooking = false;

  constructor(private readonly parts: WaitingParts) {}

  get hasRoom(): boolean {
    return this.#bytes < MAX_WAITING_BYTES;
  }

  /** To be called when the workspace got no slot. `signal` aborts when there is nothing to wait for any more. */
  turn({ tenant: workspaceId, data }: RecordedEvent, signal?: AbortSignal): Promise<Turn> {
    if (signal?.aborted) return Promise.resolve('stopped');
    const ready = data as Ready;
    return new Promise(resolve => {
      const settle = (turn: Turn) => {
        this.#left(call);
        resolve(turn);
      };
      const call = { workspaceId, ready, signal, bytes: jsonBytes(ready), settle, onTurn: () => settle('come') };
      this.#came(call);
    });
  }

  #came(call: Waiting): void {
    this.parts.slots.wait(call.workspaceId, call);
    this.#waiting.add(call);
    if (call.signal) this.#signals.add(call.signal, call);
    this.#bytes += call.bytes;
    this.parts.observer.waiting(this.#waiting.size);
    if (!this.#isLooking) this.#lookLater();
  }

  #left(call: Waiting): void {
    if (!this.#waiting.delete(call)) return;
    this.parts.slots.leave(call.workspaceId, call);
    if (call.signal) this.#signals.remove(call.signal, call);
    this.#bytes -= call.bytes;
    this.parts.observer.waiting(this.#waiting.size);
  }

  /** Ends when none waits. Who is asked slowly is not asked ever more. */
  async #look(): Promise<void> {
    const due = await this.#due();
    for (let next = 0; next < due.length; next += LOOKS_AT_ONCE) {
      await Promise.all(due.slice(next, next + LOOKS_AT_ONCE).map(call => this.#lookAt(call)));
    }
    this.#isLooking = false;
    if (this.#waiting.size > 0) this.#lookLater();
  }

  #lookLater(): void {
    this.#isLooking = true;
    setTimeout(() => void this.#look(), LOOK_EVERY_MS).unref();
  }

  /** All of those that this process itself knows to be wanted no more, and of the others so many in turn. */
  async #due(): Promise<Waiting[]> {
    const waiting = [...this.#waiting];
    const unwanted: Waiting[] = [];
    for (let next = 0; next < waiting.length; next += GLANCES_AT_ONCE) {
      if (next > 0) await nextTurn();
      unwanted.push(...waiting.slice(next, next + GLANCES_AT_ONCE).filter(call => this.#isKnownUnwanted(call)));
    }
    return [...new Set([...unwanted, ...waiting.slice(0, MAX_LOOKS)])];
  }

  #isKnownUnwanted({ workspaceId, ready }: Waiting): boolean {
    const interest = this.parts.interest.remembered(workspaceId, ready);
    return interest !== undefined && interest !== 'awaited';
  }

  async #lookAt(call: Waiting): Promise<void> {
    if (!this.#waiting.delete(call)) return;
    this.#waiting.add(call);
    try {
      const interest = await this.parts.interest.now(call.workspaceId, call.ready);
      if (interest !== 'awaited' && this.#waiting.has(call)) call.settle(interest);
    } catch {
      // Whoever stores what becomes of it says what is wrong with the store; here it is looked again.
    }
  }
}
