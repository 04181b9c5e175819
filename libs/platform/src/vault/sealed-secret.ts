import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

const [NONCE_BYTES, TAG_BYTES] = [12, 16];

/** One master key of a vault. Its id says nothing about it and is the same wherever the key is known. */
export interface VaultKey {
  readonly id: string;
  readonly bytes: Buffer;
}

/** Whose secret it is, and which: sealed in, so that a row that is moved or renamed does not open. */
export interface SecretPlace {
  readonly workspaceId: string;
  readonly name: string;
}

export function vaultKey(bytes: Buffer): VaultKey {
  const id = createHash('sha256').update('runledger vault key').update(bytes).digest('hex').slice(0, 16);
  return { id, bytes };
}

/** AES-256-GCM with a random nonce: nonce, tag, ciphertext. */
export function seal({ bytes }: VaultKey, place: SecretPlace, secret: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', bytes, nonce).setAAD(associated(place));
  const sealed = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
}

/** Throws when the key, the place or the bytes are not those that were sealed. */
export function unseal({ bytes }: VaultKey, place: SecretPlace, sealed: Buffer): string {
  const decipher = createDecipheriv('aes-256-gcm', bytes, sealed.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(associated(place)).setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]).toString('utf8');
}

function associated({ workspaceId, name }: SecretPlace): Buffer {
  return Buffer.from(JSON.stringify([workspaceId, name]));
}
