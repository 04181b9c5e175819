import { createHmac, timingSafeEqual } from 'node:crypto';
import { signingKey } from './webhook-secret.js';

/** A message that came too late might be a repeated one. */
const TOLERANCE_MS = 300_000;

/** What a sender of the Standard Webhooks scheme says about its message. */
export interface StandardMessage {
  readonly id: string;
  /** Seconds since 1970. */
  readonly timestamp: string;
  /** One or more of `v1,<base64>`, with spaces between. */
  readonly signature: string;
  readonly body: Buffer;
}

/** `stale`: signed well, but too long ago or in the future. */
export type Verdict = 'good' | 'bad' | 'stale';

/** HMAC-SHA256 over `id.timestamp.body`. */
export function checkStandard(secret: string, message: StandardMessage, nowMs: number): Verdict {
  const { id, timestamp, signature, body } = message;
  const expected = createHmac('sha256', signingKey(secret)).update(`${id}.${timestamp}.`).update(body).digest();
  const given = signature.split(' ').flatMap(part => (part.startsWith('v1,') ? [part.slice('v1,'.length)] : []));
  const isGood = given.some(part => equal(expected, Buffer.from(part, 'base64')));
  if (!isGood) return 'bad';
  return Math.abs(nowMs - Number(timestamp) * 1_000) <= TOLERANCE_MS ? 'good' : 'stale';
}

/** `sha256=<hex>` of the body, as GitHub says it in `X-Hub-Signature-256`. */
export function checkGithub(secret: string, body: Buffer, signature: string): Verdict {
  const expected = createHmac('sha256', secret).update(body).digest();
  const [, hex = ''] = /^sha256=([0-9a-f]{64})$/.exec(signature) ?? [];
  return equal(expected, Buffer.from(hex, 'hex')) ? 'good' : 'bad';
}

/** In constant time. */
function equal(expected: Buffer, given: Buffer): boolean {
  return expected.length === given.length && timingSafeEqual(expected, given);
}
