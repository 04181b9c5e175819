import { createHmac, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto';
import { canonicalJson } from '@runledger/kernel';
import { RequestError } from './request-errors.js';

export type CursorPart = string | number | null;

/**
 * Cursors of lists: opaque, and signed together with the list that they belong to, so that nobody can read with a made-up
 * one, or with one of another list, another filter or another workspace.
 */
export class CursorSigner {
  readonly #key: KeyObject;

  constructor(pepper: Buffer) {
    this.#key = createSecretKey(createHmac('sha256', pepper).update('runledger cursors').digest());
  }

  /** `list` names everything that the meaning of the cursor depends on. */
  seal(list: unknown, place: readonly CursorPart[]): string {
    const body = Buffer.from(JSON.stringify(place));
    return Buffer.concat([this.#signature(list, body), body]).toString('base64url');
  }

  /** Throws `INVALID_CURSOR` when the cursor was not sealed for this list. */
  open(list: unknown, cursor: string): readonly CursorPart[] {
    const bytes = Buffer.from(cursor, 'base64url');
    const [signature, body] = [bytes.subarray(0, 16), bytes.subarray(16)];
    if (signature.length !== 16 || !timingSafeEqual(signature, this.#signature(list, body))) {
      throw new RequestError(
        'INVALID_CURSOR',
        'The cursor does not belong to this list.',
        'Pass as `after` an `endCursor`, or as `before` a `startCursor`, of the same list with the same filter and order; or leave it out.',
      );
    }
    return JSON.parse(body.toString()) as CursorPart[];
  }

  #signature(list: unknown, body: Buffer): Buffer {
    const mac = createHmac('sha256', this.#key).update(canonicalJson(list)).update('\n').update(body);
    return mac.digest().subarray(0, 16);
  }
}
