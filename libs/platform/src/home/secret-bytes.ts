import { randomBytes } from 'node:crypto';
import { link, readFile, unlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Fault } from '@runledger/kernel';
import { makeFolder } from './make-folder.js';

const BYTES = 32;

/** A file that should hold a secret holds something else; with another secret nothing would be known that depended on it. */
export class BrokenSecretError extends Fault {
  constructor(file: string, cause?: unknown) {
    super('BROKEN_SECRET', `${file} should hold ${BYTES} bytes in hex; restore it from a backup.`, {
      cause,
      fields: { file },
    });
  }
}

/**
 * 32 secret bytes of the installation, made on first use and readable by their owner only. Of several processes that start at the same time, one makes it and all use that one.
 */
export async function openSecretBytes(file: string): Promise<Buffer> {
  return (await read(file)) ?? (await create(file));
}

async function read(file: string): Promise<Buffer | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const secret = Buffer.from(text.trim(), 'hex');
  if (secret.length !== BYTES) throw new BrokenSecretError(file);
  return secret;
}

async function create(file: string): Promise<Buffer> {
  await makeFolder(dirname(file));
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  await writeFile(draft, `${randomBytes(BYTES).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
  try {
    await link(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await unlink(draft);
  }
  const secret = await read(file);
  if (!secret) throw new BrokenSecretError(file);
  return secret;
}
