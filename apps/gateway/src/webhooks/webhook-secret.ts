import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { Fault } from '@runledger/kernel';

const PREFIX = 'whsec_';
const [IV_BYTES, TAG_BYTES] = [12, 16];

/** A sealed secret cannot be opened: it is not this installation's, or it was changed. */
export class UnsealableSecretError extends Fault {
  constructor(webhookId: string, cause: unknown) {
    super(
      'UNSEALABLE_SECRET',
      `The secret of webhook ${webhookId} cannot be opened with this installation's key. Was the database restored without the file "pepper"? Make the webhook anew.`,
      { cause, fields: { webhookId } },
    );
  }
}

/** 80 random bits: nobody comes upon an address by chance. */
export function mintWebhookId(): string {
  return `hook_${randomBytes(10).toString('hex')}`;
}

/** A fresh secret, as its owner gets to see it once: 256 random bits. */
export function mintWebhookSecret(): string {
  return `${PREFIX}${randomBytes(32).toString('base64')}`;
}

/** What the Standard Webhooks scheme signs with: the bytes behind the prefix. */
export function signingKey(secret: string): Buffer {
  return Buffer.from(secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret, 'base64');
}

/** AES-256-GCM under a key of this purpose alone; the webhook's id is sealed in, so a secret cannot be moved to another. */
export function sealSecret(pepper: Buffer, webhookId: string, secret: string): Buffer {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', sealingKey(pepper), iv).setAAD(Buffer.from(webhookId));
  const sealed = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), sealed]);
}

/** Throws {@link UnsealableSecretError}. */
export function openSecret(pepper: Buffer, webhookId: string, sealed: Buffer): string {
  try {
    const cipher = createDecipheriv('aes-256-gcm', sealingKey(pepper), sealed.subarray(0, IV_BYTES));
    cipher.setAAD(Buffer.from(webhookId)).setAuthTag(sealed.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
    return Buffer.concat([cipher.update(sealed.subarray(IV_BYTES + TAG_BYTES)), cipher.final()]).toString('utf8');
  } catch (error) {
    throw new UnsealableSecretError(webhookId, error);
  }
}

function sealingKey(pepper: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', pepper, '', 'runledger webhook secrets', 32));
}
