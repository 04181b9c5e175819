import type { Json } from '@runledger/contracts';
import type { AttemptHistory } from '../attempt/attempt-history.js';
import { callHashOf } from './program-call.js';
import type { ProgramNames } from './program-names.js';

const HASH_CHARS = 16;

/**
 * The ids of the calls that a program makes of our tools. It names none of its own that outlives it; so a call is known by what it asks for. One
 * that was begun before a restart and had no answer goes on when it is made again; the last one that had an answer has it once more, if it is the first that is
 * made afterwards: the program had not heard it (R2).
 */
export class ServedCallNames {
  readonly #names: ProgramNames;
  readonly #known = new Map<string, number>();
  readonly #open = new Map<string, string[]>();
  #unheard: string | undefined;

  constructor({ calls, asks }: Pick<AttemptHistory, 'calls' | 'asks'>, names: ProgramNames) {
    this.#names = names;
    const hashed = names.call('served.').length;
    for (const callId of new Set([...asks.keys(), ...calls.keys()])) {
      if (!names.isServed(callId)) continue;
      const hash = callId.slice(hashed, hashed + HASH_CHARS);
      this.#known.set(hash, (this.#known.get(hash) ?? 0) + 1);
      if (!calls.get(callId)?.ended) this.#open.set(hash, [...(this.#open.get(hash) ?? []), callId]);
    }
    this.#unheard = [...calls].findLast(([callId, { ended }]) => names.isServed(callId) && ended)?.[0];
  }

  of(tool: string, input: Record<string, Json>): string {
    const hash = callHashOf(tool, input).slice(0, HASH_CHARS);
    const unheard = this.#unheard;
    this.#unheard = undefined;
    const open = this.#open.get(hash)?.shift();
    if (open !== undefined) return open;
    if (unheard?.startsWith(this.#names.call(`served.${hash}`))) return unheard;
    const number = (this.#known.get(hash) ?? 0) + 1;
    this.#known.set(hash, number);
    return this.#names.call(`served.${hash}.${number}`);
  }

  /** Those that were begun before a restart and not made again; from now on they are not waited for. */
  giveUp(): readonly string[] {
    const left = [...this.#open.values()].flat();
    this.#open.clear();
    return left;
  }
}
