import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault, RetryableError } from '@runledger/kernel';
import type { SignedCheckpoint } from '../checkpoint/checkpoint-desk.js';
import { LATEST, nameOf, PublishedDifferentlyError, signedText } from './place.js';
import type { Place } from './place.js';

/** A file for each checkpoint, which is never written over, and `latest.checkpoint`. */
export class Directory implements Place {
  readonly name: string;

  constructor(private readonly folder: string) {
    this.name = folder;
  }

  async keep({ size, note }: SignedCheckpoint): Promise<void> {
    try {
      await mkdir(this.folder, { recursive: true });
      await this.#keepOnce(size, note);
      await this.#write(note, draft => rename(draft, join(this.folder, LATEST)));
    } catch (cause) {
      if (cause instanceof Fault) throw cause;
      throw new RetryableError('NOT_PUBLISHED', `The checkpoint could not be written to ${this.name}.`, { cause });
    }
  }

  last(): Promise<string | undefined> {
    return this.#read(LATEST);
  }

  async #keepOnce(size: number, note: string): Promise<void> {
    const name = nameOf(size);
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
