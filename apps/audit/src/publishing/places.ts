import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Fault, RetryableError } from '@runledger/kernel';
import type { SignedCheckpoint } from '../checkpoint/checkpoint-desk.js';

const ANSWERS_WITHIN_MS = 10_000;

/** Somewhere outside, where a checkpoint is kept that the platform cannot take back. */
export interface Place {
  /** Without secrets. */
  readonly name: string;
  /** Keeps it; the same one may come again. Throws `RetryableError` when it could not be kept now. */
  keep(checkpoint: SignedCheckpoint): Promise<void>;
  /** The last note that is kept there; undefined when there is none, or the place cannot be read. */
  last(): Promise<string | undefined>;
}

/** A different checkpoint of the same size was published before: the log is not the one that it was. */
export class PublishedDifferentlyError extends Fault {
  constructor(place: string, size: number) {
    super(
      'PUBLISHED_DIFFERENTLY',
      `At ${place} there is another checkpoint of ${size} entries: the log was changed after it was signed, or this is another log. Keep what is there, and compare with a backup.`,
      { fields: { place, size } },
    );
  }
}

/** `file:` addresses name a directory, best one that is mounted to take no changes; `http(s):` ones are posted to. */
export function placeAt(address: string): Place {
  return address.startsWith('file:') ? new Directory(fileURLToPath(address)) : new Webhook(address);
}

/** A file for each checkpoint, which is never written over, and `latest.checkpoint`. */
class Directory implements Place {
  readonly name: string;

  constructor(private readonly folder: string) {
    this.name = folder;
  }

  async keep({ size, note }: SignedCheckpoint): Promise<void> {
    try {
      await mkdir(this.folder, { recursive: true });
      await this.#keepOnce(size, note);
      await this.#write(note, draft => rename(draft, join(this.folder, 'latest.checkpoint')));
    } catch (cause) {
      if (cause instanceof Fault) throw cause;
      throw new RetryableError('NOT_PUBLISHED', `The checkpoint could not be written to ${this.name}.`, { cause });
    }
  }

  last(): Promise<string | undefined> {
    return this.#read('latest.checkpoint');
  }

  async #keepOnce(size: number, note: string): Promise<void> {
    const name = `${String(size).padStart(16, '0')}.checkpoint`;
    await this.#write(note, async draft => {
      await link(draft, join(this.folder, name)).catch(async (error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
        // After a change of keys the same text is signed anew; what was signed must be the same.
        const there = await this.#read(name);
        if (signedText(there) !== signedText(note)) throw new PublishedDifferentlyError(this.name, size);
      });
    });
  }

  async #write(text: string, put: (draft: string) => Promise<void>): Promise<void> {
    const draft = join(this.folder, `.${randomBytes(6).toString('hex')}`);
    await writeFile(draft, text, { flag: 'wx' });
    await put(draft).finally(() => rm(draft, { force: true }));
  }

  async #read(name: string): Promise<string | undefined> {
    try {
      return await readFile(join(this.folder, name), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }
}

/** Told of each checkpoint: the note is the body. What is kept there cannot be read from here. */
class Webhook implements Place {
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

/** What a note says, without who signed it. */
export function signedText(note: string | undefined): string | undefined {
  return note?.slice(0, note.lastIndexOf('\n\n'));
}
