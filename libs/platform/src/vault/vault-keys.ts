import { randomBytes } from 'node:crypto';
import { link, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UnchangeableKeyError, VaultKeyError } from './vault-faults.js';
import { vaultKey } from './sealed-secret.js';
import type { VaultKey } from './sealed-secret.js';
import { makeFolder } from '../home/make-folder.js';

const KEY = /^[0-9a-f]{64}$/i;

/** The keys of a vault, the one that seals first; the others only open what was sealed before. */
export type KeyRing = readonly [VaultKey, ...VaultKey[]];

/** Where the master keys come from. They are read anew each time: a rotation in another process counts at once. */
export interface VaultKeys {
  ring(): Promise<KeyRing>;
}

/** Keys that can be changed here: those of a file. Keys of the environment are changed where that is set. */
export interface ChangeableKeys extends VaultKeys {
  /** A new key seals from now on; the old ones open. Throws {@link UnchangeableKeyError} where none can be put there. */
  begin(): Promise<void>;
  /** Only the key that seals is left, or all where they cannot be changed from here. */
  finish(): Promise<void>;
}

/** The file system is for reading only, as where a secret is mounted, or the file is somebody else's. */
const CANNOT_WRITE = /^(EROFS|EACCES|EPERM)$/;

/** 64 hex digits for each key, separated by commas. Throws {@link VaultKeyError}. */
function keysOfText(text: string, where: string): KeyRing {
  const parts = text
    .split(/[\s,]+/)
    .filter(part => part !== '')
    .map(part => {
      if (!KEY.test(part)) throw new VaultKeyError(`${where} holds something that is no key.`);
      return vaultKey(Buffer.from(part, 'hex'));
    });
  const [first, ...rest] = parts;
  if (!first) throw new VaultKeyError(`${where} is empty.`);
  return [first, ...rest];
}

/** Those of the environment, else those of the file. */
export function vaultKeysFrom(given: string | undefined, file: string): VaultKeys | ChangeableKeys {
  return given === undefined ? new FileKeys(file) : givenKeys(given);
}

/** Keys of the environment. */
export function givenKeys(text: string): VaultKeys {
  const ring = keysOfText(text, 'RUNLEDGER_VAULT_KEY');
  return { ring: () => Promise.resolve(ring) };
}

/** Keys in a file for its owner alone, which is made when it is first needed: one line for each, the one that seals first. */
export class FileKeys implements ChangeableKeys {
  constructor(private readonly file: string) {}

  async ring(): Promise<KeyRing> {
    return (await this.#read()) ?? (await this.#create());
  }

  async begin(): Promise<void> {
    const ring = await this.ring();
    // A rotation that was cut off goes on with its own new key.
    if (ring.length > 1) return;
    await this.#write([randomBytes(32), ...ring.map(({ bytes }) => bytes)]).catch((error: unknown) => {
      throw isReadOnly(error) ? new UnchangeableKeyError(this.file, error) : error;
    });
  }

  async finish(): Promise<void> {
    const [current] = await this.ring();
    await this.#write([current.bytes]).catch((error: unknown) => {
      if (!isReadOnly(error)) throw error; // else whoever put a key before the old one takes that away as well
    });
  }

  async #read(): Promise<KeyRing | undefined> {
    try {
      return keysOfText(await readFile(this.file, 'utf8'), this.file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      if (error instanceof VaultKeyError) throw error;
      throw new VaultKeyError(`${this.file} cannot be read.`, error);
    }
  }

  /** Of several processes that come at the same time one makes it, and all use that one. */
  async #create(): Promise<KeyRing> {
    try {
      await makeFolder(dirname(this.file));
      const draft = await this.#draft([randomBytes(32)]);
      await link(draft, this.file).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
      });
      await unlink(draft);
    } catch (error) {
      throw new VaultKeyError(`${this.file} cannot be made.`, error);
    }
    const ring = await this.#read();
    if (!ring) throw new VaultKeyError(`${this.file} was taken away.`);
    return ring;
  }

  async #write(keys: readonly Buffer[]): Promise<void> {
    await rename(await this.#draft(keys), this.file);
  }

  async #draft(keys: readonly Buffer[]): Promise<string> {
    const draft = `${this.file}.${randomBytes(6).toString('hex')}`;
    await writeFile(draft, keys.map(key => `${key.toString('hex')}\n`).join(''), { mode: 0o600, flag: 'wx' });
    return draft;
  }
}

function isReadOnly(error: unknown): boolean {
  return CANNOT_WRITE.test((error as NodeJS.ErrnoException).code ?? '');
}
