import { createHmac, timingSafeEqual } from 'node:crypto';

/** A click that came too late might be a repeated one. */
const TOLERANCE_MS = 300_000;

export interface SignedClick {
  /** Seconds since 1970, as `X-Slack-Request-Timestamp` has them. */
  readonly timestamp: string;
  /** `v0=<hex>`, as `X-Slack-Signature` has it. */
  readonly signature: string;
  /** The body as it came, to the byte. */
  readonly body: string;
}

/**
 * Whether Slack sent it: `v0=` and the HMAC-SHA-256 in hex of `v0:timestamp:body` under the app's signing secret (docs.slack.dev,
 * verifying requests from Slack). `stale`: signed well, but more than five minutes from now.
 */
export function checkSlack(
  secret: string,
  { timestamp, signature, body }: SignedClick,
  nowMs: number,
): 'good' | 'bad' | 'stale' {
  const expected = Buffer.from(`v0=${createHmac('sha256', secret).update(`v0:${timestamp}:${body}`).digest('hex')}`);
  const given = Buffer.from(signature);
  if (!/^\d{1,12}$/.test(timestamp)) return 'bad';
  if (given.length !== expected.length || !timingSafeEqual(expected, given)) return 'bad';
  return Math.abs(nowMs - Number(timestamp) * 1_000) <= TOLERANCE_MS ? 'good' : 'stale';
}
