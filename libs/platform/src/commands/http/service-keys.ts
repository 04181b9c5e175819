import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '@runledger/kernel';
import { makeFolder } from '../../home/make-folder.js';

/** A key with which services prove to each other who they are is missing, or is none. */
export class ServiceKeyError extends Fault {
  constructor(file: string, cause: unknown) {
    super(
      'SERVICE_KEY',
      `${file} should hold an Ed25519 key in PEM. Make the keys with the installation's setup, or restore them.`,
      { cause, fields: { file } },
    );
  }
}

/**
 * Makes what is missing in `folder`: `<service>.key` for each service that sends commands, for it alone, and `<service>.pub` for all
 * who answer it. Ed25519 in PEM. Of several processes that do so at once, one makes the key and all use that one.
 */
export async function makeServiceKeys(folder: string, callers: readonly string[]): Promise<void> {
  await makeFolder(folder);
  for (const caller of callers) {
    const { privateKey } = generateKeyPairSync('ed25519');
    await writeOnce(folder, `${caller}.key`, { text: pem(privateKey), mode: 0o600 });
    const publicKey = createPublicKey(await readSigningKey(folder, caller));
    await writeOnce(folder, `${caller}.pub`, { text: pem(publicKey), mode: 0o644 });
  }
}

/** The key of the service that this process is. Throws {@link ServiceKeyError}. */
export async function readSigningKey(folder: string, service: string): Promise<KeyObject> {
  return readKey(join(folder, `${service}.key`), createPrivateKey);
}

/** The keys by which these services are known. Throws {@link ServiceKeyError}. */
export async function readPublicKeys(
  folder: string,
  services: readonly string[],
): Promise<ReadonlyMap<string, KeyObject>> {
  const read = async (service: string) =>
    [service, await readKey(join(folder, `${service}.pub`), createPublicKey)] as const;
  return new Map(await Promise.all(services.map(read)));
}

async function readKey(file: string, parse: (text: string) => KeyObject): Promise<KeyObject> {
  try {
    const key = parse(await readFile(file, 'utf8'));
    if (key.asymmetricKeyType !== 'ed25519') throw new TypeError(`It is of type ${key.asymmetricKeyType}.`);
    return key;
  } catch (cause) {
    throw new ServiceKeyError(file, cause);
  }
}

/** Whole or not at all, and never over what is there. */
async function writeOnce(
  folder: string,
  name: string,
  { text, mode }: { readonly text: string; readonly mode: number },
): Promise<void> {
  const draft = join(folder, `${name}.${randomBytes(6).toString('hex')}`);
  await writeFile(draft, text, { mode, flag: 'wx' });
  try {
    await link(draft, join(folder, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(draft);
  }
}

function pem(key: KeyObject): string {
  return key.export({ type: key.type === 'private' ? 'pkcs8' : 'spki', format: 'pem' }).toString();
}
