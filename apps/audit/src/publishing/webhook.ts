import { RetryableError } from '@runledger/kernel';
import type { SignedCheckpoint } from '../checkpoint/checkpoint-desk.js';
import type { Place } from './place.js';

const ANSWERS_WITHIN_MS = 10_000;

/** Told of each checkpoint: the note is the body. What is kept there cannot be read from here. */
export class Webhook implements Place {
  readonly name: string;

  constructor(private readonly address: string) {
    this.name = new URL(address).origin;
  }

  async keep({ note }: SignedCheckpoint): Promise<void> {
    const cause = await this.#post(note);
    if (cause !== undefined) {
      throw new RetryableError('NOT_PUBLISHED', `The checkpoint was not taken by ${this.name}.`, { cause });
    }
  }

  last(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  async #post(body: string): Promise<unknown> {
    try {
      const signal = AbortSignal.timeout(ANSWERS_WITHIN_MS);
      const headers = { 'content-type': 'text/plain; charset=utf-8' };
      const answer = await fetch(this.address, { method: 'POST', body, headers, signal, redirect: 'error' });
      await answer.body?.cancel();
      return answer.ok ? undefined : new Error(`It answered with status ${answer.status}.`);
    } catch (error) {
      return error;
    }
  }
}
