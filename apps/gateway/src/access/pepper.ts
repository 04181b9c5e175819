import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Fault } from '@runledger/kernel';

const BYTES = 32;

/** The file that should hold the pepper holds something else; with another pepper no token would be known any more. */
export class BrokenPepperError extends Fault {
  constructor(file: string, cause?: unknown) {
    super('BROKEN_PEPPER', `${file} should hold ${BYTES} bytes in hex; restore it from a backup.`, {
      cause,
      fields: { file },
    });
  }
}

/**
 * The installation's secret that tokens are hashed with and cursors are signed with, made on first use and readable by
 * its owner only. Of several processes that start at the same time, one makes it and all use that one.
 */
export async function openPepper(file: string): Promise<Buffer> {
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
  const pepper = Buffer.from(text.trim(), 'hex');
  if (pepper.length !== BYTES) throw new BrokenPepperError(file);
  return pepper;
}

async function create(file: string): Promise<Buffer> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  await writeFile(draft, `${randomBytes(BYTES).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
  try {
    await link(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await unlink(draft);
  }
  const pepper = await read(file);
  if (!pepper) throw new BrokenPepperError(file);
  return pepper;
}
