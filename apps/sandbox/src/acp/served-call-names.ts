import type { Json } from '@runledger/contracts';
import type { AttemptHistory } from '../attempt/attempt-history.js';
import type { AttemptPlace } from '../attempt/attempt-place.js';
import { callHashOf } from './program-call.js';

const HASH_CHARS = 16;

/**
 * The ids of the calls that a program makes of our tools. It names none of its own that outlives it; so a call is known by what it asks for. One
 * that was begun before a restart and had no answer goes on when it is made again; the last one that had an answer has it once more, if it is the first that is
 * made afterwards: the program had not heard it (R2).
 */
export class ServedCallNames {
  readonly #prefix: string;
  readonly #known = new Map<string, number>();
  readonly #open = new Map<string, string[]>();
  #unheard: string | undefined;

  constructor({ calls, asks }: Pick<AttemptHistory, 'calls' | 'asks'>, { step, attempt }: AttemptPlace) {
    this.#prefix = `${step}.${attempt}.served.`;
    for (const callId of new Set([...asks.keys(), ...calls.keys()])) {
      if (!callId.startsWith(this.#prefix)) continue;
      const hash = callId.slice(this.#prefix.length, this.#prefix.length + HASH_CHARS);
      this.#known.set(hash, (this.#known.get(hash) ?? 0) + 1);
      if (!calls.get(callId)?.ended) this.#open.set(hash, [...(this.#open.get(hash) ?? []), callId]);
    }
    this.#unheard = [...calls].findLast(([callId, { ended }]) => callId.startsWith(this.#prefix) && ended)?.[0];
  }

  of(tool: string, input: Record<string, Json>): string {
    const hash = callHashOf(tool, input).slice(0, HASH_CHARS);
    const unheard = this.#unheard;
    this.#unheard = undefined;
    const open = this.#open.get(hash)?.shift();
    if (open !== undefined) return open;
    if (unheard?.startsWith(`${this.#prefix}${hash}`)) return unheard;
    const number = (this.#known.get(hash) ?? 0) + 1;
    this.#known.set(hash, number);
    return `${this.#prefix}${hash}.${number}`;
  }
}
