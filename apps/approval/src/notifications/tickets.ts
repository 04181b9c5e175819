import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { approvalDecision, noticeRecipient } from '@runledger/contracts';
import { z } from 'zod';

const [NONCE_BYTES, TAG_BYTES] = [12, 16];

const content = z.strictObject({
  requestId: z.string(),
  /** What it shows when the ticket is made: the decision is bound to it (D1). */
  shownHash: z.string(),
  /** Left out: whoever holds the ticket chooses. */
  decision: approvalDecision.optional(),
  /** Of a question: which of its choices, from 0. */
  choice: z.int().nonnegative().optional(),
  /** Whom it was sent to. */
  to: noticeRecipient.optional(),
  /** ISO 8601 UTC; left out: as long as the request waits. */
  expiresAt: z.string().optional(),
});

/** What a button or a link stands for. It names nobody's right: who uses it has to have that right by then. */
export type Ticket = z.infer<typeof content>;

/** Opaque and unforgeable: AES-256-GCM under the channel's own key, in the alphabet of URLs. */
export function sealTicket(key: Buffer, channelId: string, ticket: Ticket): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(channelId));
  const sealed = Buffer.concat([cipher.update(JSON.stringify(ticket), 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url');
}

/** Undefined: this channel never sent it. */
export function openTicket(key: Buffer, channelId: string, sealed: string): Ticket | undefined {
  try {
    const bytes = Buffer.from(sealed, 'base64url');
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(channelId)).setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    const text = Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
    return content.parse(JSON.parse(text.toString('utf8')));
  } catch {
    // Whatever is wrong with it: it is none of ours.
    return undefined;
  }
}
