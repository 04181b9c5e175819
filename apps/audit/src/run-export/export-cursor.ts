import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Position } from '@runledger/event-store';
import { canonicalJson } from '@runledger/kernel';
import { z } from 'zod';

/** How far an export has come. It is a snapshot: `until` is fixed by its first page, whatever the run does meanwhile. */
export interface ExportProgress {
  readonly until: Position;
  /** Position of the last event written; START before the first. */
  readonly after: Position;
  readonly events: number;
  /** Hash of the last line written. */
  readonly head: string;
}

/** Whose export a cursor belongs to: it is worth nothing for another run or workspace. */
export interface ExportedRun {
  readonly workspaceId: string;
  readonly runId: string;
}

const position = z.string().regex(/^\d{1,20}$/);
const payload = z.strictObject({
  u: position,
  a: position,
  e: z.int().nonnegative(),
  h: z.string().regex(/^[0-9a-f]{64}$/),
});

/** Cursors carry the chain's hash from page to page, so they are authenticated: whoever could write one could forge a chain. */
export class ExportCursors {
  constructor(private readonly key: Uint8Array) {}

  write(progress: ExportProgress, run: ExportedRun): string {
    const { until, after, events, head } = progress;
    return this.#sealed(Buffer.from(canonicalJson({ u: String(until), a: String(after), e: events, h: head })), run);
  }

  /** Undefined for anything but the very text that this service wrote for this very run. */
  read(cursor: string, run: ExportedRun): ExportProgress | undefined {
    const body = Buffer.from(cursor.slice(0, Math.max(cursor.indexOf('.'), 0)), 'base64url');
    const given = Buffer.from(cursor);
    const expected = Buffer.from(this.#sealed(body, run));
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
    const { u, a, e, h } = payload.parse(JSON.parse(body.toString('utf8')));
    return { until: BigInt(u), after: BigInt(a), events: e, head: h };
  }

  #sealed(body: Buffer, run: ExportedRun): string {
    const seal = createHmac('sha256', this.key)
      .update(`${canonicalJson([run.workspaceId, run.runId])}\n`)
      .update(body)
      .digest('base64url');
    return `${body.toString('base64url')}.${seal}`;
  }
}
