import { createHmac, createSecretKey, randomBytes, timingSafeEqual, type KeyObject } from 'node:crypto';

/** What a caller presents: `rl_<id>_<secret>`. The id finds the token, the secret proves it. */
export interface PresentedToken {
  readonly tokenId: string;
  readonly secret: string;
}

const PRESENTED = /^rl_([0-9a-z]{20})_([A-Za-z0-9_-]{43})$/;

/** Reads a presented token; undefined when it has not the form of one. */
export function readToken(text: string): PresentedToken | undefined {
  const [, key, secret] = PRESENTED.exec(text) ?? [];
  return key === undefined || secret === undefined ? undefined : { tokenId: `tok_${key}`, secret };
}

/** Whether a token may have this id at all. */
export function isTokenId(id: string): boolean {
  return /^tok_[0-9a-z]{20}$/.test(id);
}

/** A fresh token: 80 random bits of name, 256 of secret. */
export function mintToken(): PresentedToken {
  return { tokenId: `tok_${randomBytes(10).toString('hex')}`, secret: randomBytes(32).toString('base64url') };
}

/** What its owner gets to see once. */
export function showToken({ tokenId, secret }: PresentedToken): string {
  return `rl_${tokenId.slice('tok_'.length)}_${secret}`;
}

/** Making a key of a pepper's bytes takes several times as long as using it. */
const keys = new WeakMap<Buffer, KeyObject>();

function keyOf(pepper: Buffer): KeyObject {
  const known = keys.get(pepper) ?? createSecretKey(pepper);
  keys.set(pepper, known);
  return known;
}

/** HMAC-SHA-256 of the secret under the installation's pepper, hex: all that is ever stored of it. */
export function hashSecret(pepper: Buffer, secret: string): string {
  return createHmac('sha256', keyOf(pepper)).update(secret).digest('hex');
}

/** Compares in constant time. */
export function isSecret(pepper: Buffer, secret: string, storedHash: string): boolean {
  const expected = Buffer.from(storedHash, 'hex');
  const presented = Buffer.from(hashSecret(pepper, secret), 'hex');
  return expected.length === presented.length && timingSafeEqual(expected, presented);
}
