import type { ExportAudit, InputOf, OutputOf, RefusalOf } from '@runledger/contracts';
import { START } from '@runledger/event-store';
import type { CommandContext, EventStore, Position, RecordedEvent } from '@runledger/event-store';
import { canonicalJson, reject } from '@runledger/kernel';
import type { CommandOutcome } from '@runledger/platform';
import type { CheckpointDesk } from '../checkpoint/checkpoint-desk.js';
import { checkpointText } from '../checkpoint/signed-note.js';
import { base64 } from '../tree/log-entry.js';
import type { EntryRow, TreeRows } from '../tree/tree-rows.js';
import type { BundleCursors, BundleProgress, BundleScope } from './bundle-cursor.js';
import { BundlePage } from './bundle-page.js';
import { eventLine, unsealedLine } from './proven-events.js';

type Outcome = CommandOutcome<OutputOf<typeof ExportAudit>, RefusalOf<typeof ExportAudit>>;
type Input = InputOf<typeof ExportAudit>;

const DEFAULT_LINES = 500;
/** Events read from the store at once. */
const SLICE = 100;

export interface BundleParts {
  readonly store: EventStore;
  readonly tree: TreeRows;
  readonly checkpoints: CheckpointDesk;
  readonly cursors: BundleCursors;
  /** Written into the bundle: who signs, oldest key first. */
  keys(): Promise<readonly object[]>;
}

/**
 * Answers the command `ExportAudit`, page by page: a header with the signed checkpoint; each event with what proves that it is in
 * the log; at the end the signed head of the chain that was followed, of the run or of the workspace. An edited, reordered,
 * cut or forked bundle is recognised without us (A1).
 */
export class AuditBundle {
  constructor(private readonly parts: BundleParts) {}

  async page(input: Input, { workspaceId }: CommandContext): Promise<Outcome> {
    const { runId, from, to } = input;
    const scope = { workspaceId, runId, from, to };
    const page = new BundlePage(input.limit ?? DEFAULT_LINES);
    const begun =
      input.cursor === undefined ? await this.#begin(scope, input.since, page) : this.#resumed(input, scope);
    if ('status' in begun) return begun;
    const { progress, done } = await this.#fill(page, begun, scope);
    if (!done || page.isFull) {
      return accepted({ lines: page.lines, next: this.parts.cursors.write(progress, scope) });
    }
    page.add(await this.#endLine(progress, scope));
    return accepted({ lines: page.lines });
  }

  #resumed({ cursor = '' }: Input, scope: BundleScope): BundleProgress | Outcome {
    const fix = 'Begin the export again without a cursor.';
    const message = 'This cursor was not made for the next page of this bundle.';
    return this.parts.cursors.read(cursor, scope) ?? refused(reject('INVALID_CURSOR', message, { fix }));
  }

  async #begin(scope: BundleScope, since: number | undefined, page: BundlePage): Promise<BundleProgress | Outcome> {
    const checkpoint = await this.parts.checkpoints.current();
    if (!checkpoint) return refused(notSealedYet());
    const { size } = checkpoint;
    if (since !== undefined && since > size) return refused(invalidSize(since, size));
    const end = await this.#endOf(scope, size);
    if (!end) return refused(runNotFound(scope.runId ?? ''));
    const { workspaceId } = scope;
    page.add(
      canonicalJson({
        format: 'runledger.audit',
        version: 3,
        workspaceId,
        scope: shown(scope),
        keys: await this.parts.keys(),
        checkpoint: checkpoint.note,
        consistency: since === undefined ? undefined : await this.#consistency(since, size),
      }),
    );
    return { size, events: 0, lastLeaf: undefined, ...(await this.#range(scope, size)), ...end };
  }

  async #consistency(since: number, size: number) {
    return { from: since, proof: (await this.parts.tree.tree(size).consistency(since)).map(base64) };
  }

  /** Where the chain ends, if that is known beforehand; undefined when the run has no event. */
  async #endOf(
    { workspaceId, runId, to }: BundleScope,
    size: number,
  ): Promise<Pick<BundleProgress, 'end'> | undefined> {
    if (to !== undefined && runId === undefined) return { end: undefined };
    const { rows } = await this.parts.tree.database.query(
      'select entries, leaf, last from audit.chain where workspace = $1 and story = $2',
      [workspaceId, runId ?? ''],
    );
    const [row] = rows;
    if (!row) return runId === undefined ? { end: undefined } : undefined;
    // It has gone on since the checkpoint: then it ends at the last event that the checkpoint has.
    if (Number(row['leaf']) >= size) return { end: undefined };
    return { end: { entries: Number(row['entries']), hash: base64(row['last'] as Buffer) } };
  }

  async #range(
    { from, to }: BundleScope,
    size: number,
  ): Promise<{ readonly after: Position; readonly until: Position }> {
    const last = size === 0 ? undefined : await this.parts.tree.entry(size - 1);
    const until = last?.position ?? START;
    const after = from === undefined ? START : await this.parts.tree.positionBefore(from);
    const bound = to === undefined ? undefined : await this.parts.tree.positionAfter(to);
    return { after, until: bound !== undefined && bound < until ? bound : until };
  }

  async #fill(page: BundlePage, begun: BundleProgress, scope: BundleScope) {
    let progress = begun;
    while (!page.isFull) {
      const slice = await this.parts.store.readAll({
        tenant: scope.workspaceId,
        ...(scope.runId === undefined ? {} : { correlationId: scope.runId }),
        after: progress.after,
        limit: Math.min(SLICE, page.room),
      });
      const events = slice.events.filter(({ position }) => position <= progress.until);
      const written = await this.#write(page, progress, events);
      progress = written.progress;
      if (!written.isWhole) break;
      if (slice.caughtUp || slice.scannedTo >= progress.until) return { progress, done: true };
      progress = { ...progress, after: slice.scannedTo };
    }
    return { progress, done: false };
  }

  async #write(page: BundlePage, begun: BundleProgress, events: readonly RecordedEvent[]) {
    const rows = await this.parts.tree.entriesAt(events.map(({ position }) => position));
    let progress = begun;
    for (const event of events) {
      if (page.isFull) return { progress, isWhole: false };
      const row = rows.get(event.position);
      page.add(await this.#line(event, row, progress));
      progress = {
        ...progress,
        after: event.position,
        events: progress.events + 1,
        lastLeaf: row?.leaf ?? progress.lastLeaf,
      };
    }
    return { progress, isWhole: true };
  }

  #line(event: RecordedEvent, row: EntryRow | undefined, { size, lastLeaf }: BundleProgress): Promise<string> | string {
    return row ? eventLine(this.parts.tree, size, { event, row, lastLeaf }) : unsealedLine(event);
  }

  /**
   * What is signed of the chain: how many events it has, and the hash of the last one, which names all before it. And of which
   * bundle it is the end: an end of another one, of an earlier tree or of other times, would fit where events were cut.
   */
  async #endLine({ events, end, lastLeaf, size }: BundleProgress, scope: BundleScope): Promise<string> {
    const { workspaceId, runId } = scope;
    const chain = runId === undefined ? `workspaces/${workspaceId}` : `workspaces/${workspaceId}/runs/${runId}`;
    const { entries, hash } = end ?? (await this.#endAt(lastLeaf, runId === undefined ? 'workspace' : 'story'));
    const { signer } = this.parts.checkpoints;
    const about = canonicalJson({ events, scope: shown(scope), size });
    const text = checkpointText(`${signer.name}/${chain}`, entries, Buffer.from(hash, 'base64'), about);
    return canonicalJson({ end: { events, head: signer.sign(text) } });
  }

  async #endAt(leaf: number | undefined, chain: 'workspace' | 'story'): Promise<{ entries: number; hash: string }> {
    const row = leaf === undefined ? undefined : await this.parts.tree.entry(leaf);
    if (!row) return { entries: 0, hash: '' };
    return { entries: row[chain].n + 1, hash: base64(await this.parts.tree.leafHash(row.leaf)) };
  }
}

function shown({ runId, from, to }: BundleScope) {
  return runId === undefined ? { from, to } : { runId };
}

function accepted(output: OutputOf<typeof ExportAudit>): Outcome {
  return { status: 'accepted', output, position: undefined };
}

function refused(refusal: Extract<Outcome, { status: 'refused' }>['refusal']): Outcome {
  return { status: 'refused', refusal };
}

function runNotFound(runId: string) {
  return reject('RUN_NOT_FOUND', `There is no run ${runId} in this workspace.`, {
    fix: 'Take the id from the list of runs.',
  });
}

/** Both are refusals of every command of this service that proves something. */
export function notSealedYet() {
  return reject('NOT_SEALED_YET', 'What is in the log now is not sealed yet.', { fix: 'Ask again in a few seconds.' });
}

export function invalidSize(since: number, size: number) {
  return reject('INVALID_SIZE', `The log has ${size} entries, not ${since}.`, {
    fix: 'Give the size of a checkpoint of this log that you have. If you do have one of that size, this log is not the one that it was signed for, or was cut.',
  });
}
