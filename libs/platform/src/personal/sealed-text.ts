import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** What is shown of personal text whose key was destroyed. */
export const ERASED = '[erased]';

const SEALED = /^sealed:1:([^:]+):([\w-]+)$/;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Text under a subject's key (AES-256-GCM), with the subject's id beside it; bound to its subject. */
export function sealedText(text: string, subject: string, key: Buffer): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(subject));
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return `sealed:1:${subject}:${Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64url')}`;
}

/** Whose text it is, if it is sealed. */
export function subjectOf(text: string): string | undefined {
  return text.startsWith('sealed:1:') ? SEALED.exec(text)?.[1] : undefined;
}

/** The text again; {@link ERASED} without the key. */
export function openedText(sealed: string, key: Buffer | undefined): string {
  const [, subject = '', encoded = ''] = SEALED.exec(sealed) ?? [];
  if (!key) return ERASED;
  const bytes = Buffer.from(encoded, 'base64url');
  const cipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV_BYTES)).setAAD(Buffer.from(subject));
  cipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
  return Buffer.concat([cipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), cipher.final()]).toString('utf8');
}
