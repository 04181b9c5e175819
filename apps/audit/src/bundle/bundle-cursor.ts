import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Position } from '@runledger/event-store';
import { canonicalJson } from '@runledger/kernel';
import { z } from 'zod';

/** How far a bundle has come. It is a snapshot: `size` and `until` are fixed by its first page. */
export interface BundleProgress {
  /** Of the tree that its proofs lead to. */
  readonly size: number;
  readonly until: Position;
  /** Position of the last event written, or where the first one is looked for. */
  readonly after: Position;
  readonly events: number;
  /** Leaf of the last event written; the proof of the next one begins where theirs meet. */
  readonly lastLeaf: number | undefined;
  /** Where the chain ends that the bundle follows; undefined: at the last event written. */
  readonly end: { readonly entries: number; readonly hash: string } | undefined;
}

/** Whose bundle a cursor belongs to: it is worth nothing for another. */
export interface BundleScope {
  readonly workspaceId: string;
  readonly runId?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

const position = z.string().regex(/^\d{1,20}$/);
const payload = z.strictObject({
  s: z.int().nonnegative(),
  u: position,
  a: position,
  e: z.int().nonnegative(),
  l: z.int().nonnegative().optional(),
  n: z.int().nonnegative().optional(),
  h: z.base64().optional(),
});

/** Cursors say what is signed at the end of a bundle, so they are authenticated. */
export class BundleCursors {
  constructor(private readonly key: Uint8Array) {}

  write({ size, until, after, events, lastLeaf, end }: BundleProgress, scope: BundleScope): string {
    const fields = { s: size, u: String(until), a: String(after), e: events, l: lastLeaf };
    return this.#sealed(Buffer.from(canonicalJson({ ...fields, n: end?.entries, h: end?.hash })), scope);
  }

  /** Undefined for anything but the very text that this service wrote for this very bundle. */
  read(cursor: string, scope: BundleScope): BundleProgress | undefined {
    const body = Buffer.from(cursor.slice(0, Math.max(cursor.indexOf('.'), 0)), 'base64url');
    const given = Buffer.from(cursor);
    const expected = Buffer.from(this.#sealed(body, scope));
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
    const { s, u, a, e, l, n, h } = payload.parse(JSON.parse(body.toString('utf8')));
    const end = n === undefined || h === undefined ? undefined : { entries: n, hash: h };
    return { size: s, until: BigInt(u), after: BigInt(a), events: e, lastLeaf: l, end };
  }

  #sealed(body: Buffer, { workspaceId, runId, from, to }: BundleScope): string {
    const seal = createHmac('sha256', this.key)
      .update(`${canonicalJson([workspaceId, runId ?? null, from ?? null, to ?? null])}\n`)
      .update(body)
      .digest('base64url');
    return `${body.toString('base64url')}.${seal}`;
  }
}
