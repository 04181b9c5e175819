import { createHash } from 'node:crypto';
import { prefixOf } from '../agent/agent-run.js';
import type { AttemptHistory } from '../attempt/attempt-history.js';
import type { AttemptPlace } from '../attempt/attempt-place.js';

/** Longer ones are known by their hash. */
const MOST_ID_CHARS = 200;
/** What begins so is named by the platform. */
const OURS = /^(served|program|mcp|own|a\d+|p\d+)\./;
const SERVED = /^served\.[0-9a-f]{16}\.\d+$/;
const OF_OTHERS = /^(served|a\d+)\./;

/**
 * Under which names the transcript knows what one program says and does: those of sub-agents are told apart. A program is not trusted
 * with names: it cannot call a call of its own so that it would be taken for one of ours, which people may have allowed (S1).
 */
export class ProgramNames {
  /** Begins the names of everything of it within the attempt. */
  readonly prefix: string;
  readonly #calls: string;
  readonly #entries: string;

  constructor(place: AttemptPlace) {
    this.prefix = prefixOf(place);
    this.#calls = `${place.step}.${place.attempt}.${this.prefix}`;
    this.#entries = `${place.attemptId}/${this.prefix}`;
  }

  /** Of something that the platform calls. */
  call(name: string): string {
    return `${this.#calls}${name}`;
  }

  /** Of a call that the program itself has named. */
  own(toolCallId: string): string {
    const isLong = toolCallId.length > MOST_ID_CHARS;
    const id = isLong ? createHash('sha256').update(toolCallId).digest('hex') : toolCallId;
    return this.call(OURS.test(id) ? `own.${id}` : id);
  }

  isOwn(callId: string): boolean {
    return callId.startsWith(this.#calls) && !OF_OTHERS.test(callId.slice(this.#calls.length));
  }

  /** Whether it is a call of a tool of ours that this program made. */
  isServed(callId: string): boolean {
    return callId.startsWith(this.#calls) && SERVED.test(callId.slice(this.#calls.length));
  }

  /** The entries of prose that are of it, and of nobody that it started. */
  saidChars({ saidChars }: Pick<AttemptHistory, 'saidChars'>): Map<string, number> {
    const isOf = (id: string): boolean =>
      id.startsWith(this.#entries) && !OF_OTHERS.test(id.slice(this.#entries.length));
    return new Map([...saidChars].filter(([entryId]) => isOf(entryId)));
  }
}
