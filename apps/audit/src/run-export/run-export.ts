import { catalogue } from '@runledger/contracts';
import type { ExportRun, InputOf, OutputOf, RefusalOf } from '@runledger/contracts';
import { START } from '@runledger/event-store';
import type { CommandContext, EventStore, RecordedEvent } from '@runledger/event-store';
import { reject, streamOf } from '@runledger/kernel';
import type { CommandOutcome } from '@runledger/platform';
import type { ExportCursors, ExportedRun, ExportProgress } from './export-cursor.js';
import { eventLine, headerLine, lineHash, trailerLine } from './export-lines.js';

type Refusal = Extract<Outcome, { status: 'refused' }>['refusal'];
type Outcome = CommandOutcome<OutputOf<typeof ExportRun>, RefusalOf<typeof ExportRun>>;

const RUN_ID = /^run_[A-Za-z0-9-]{1,100}$/;
const DEFAULT_LINES = 500;
/** A page ends early when it holds this much: events of a megabyte each must not add up to a gigabyte. */
const PAGE_BYTES = 8_000_000;
/** Events read from the store at once. */
const SLICE = 100;

/**
 * Answers the command `ExportRun`: everything that a run caused, in whichever stream, in log order, page by page. Each line
 * carries the hash of the line before it, and the last one counts them, so that an edited, reordered or cut file is noticed
 * by whoever holds the head (A1).
 */
export class RunExport {
  constructor(
    private readonly store: EventStore,
    private readonly cursors: ExportCursors,
  ) {}

  async page(input: InputOf<typeof ExportRun>, context: CommandContext): Promise<Outcome> {
    const run = { workspaceId: context.workspaceId, runId: input.runId };
    const first = await this.#firstEvent(run);
    if (!first) return refused(runNotFound(input.runId));
    const page = new Page(input.limit ?? DEFAULT_LINES);
    const begun = input.cursor === undefined ? await this.#begin(first, page) : this.cursors.read(input.cursor, run);
    if (!begun) return refused(invalidCursor());
    const { progress, done } = await this.#fill(page, begun, run);
    if (done && !page.full) {
      page.add(trailerLine({ events: progress.events, lastPosition: progress.after, head: progress.head }));
      return accepted({ lines: page.lines });
    }
    return accepted({ lines: page.lines, next: this.cursors.write(progress, run) });
  }

  /** Looked up in the caller's workspace only (G2): another workspace's run is as unknown as one that never was. */
  async #firstEvent(run: ExportedRun): Promise<RecordedEvent | undefined> {
    if (!RUN_ID.test(run.runId)) return undefined;
    const ref = { tenant: run.workspaceId, name: streamOf('run', run.runId) };
    const { events } = await this.store.readStream(ref, { limit: 1 });
    return events[0];
  }

  async #begin(first: RecordedEvent, page: Page): Promise<ExportProgress> {
    const until = await this.store.head();
    const header = headerLine(first, catalogue.upcast(first.type, first.metadata.schemaVersion, first.data));
    page.add(header);
    return { until, after: START, events: 0, head: lineHash(header) };
  }

  async #fill(
    page: Page,
    begun: ExportProgress,
    run: ExportedRun,
  ): Promise<{ readonly progress: ExportProgress; readonly done: boolean }> {
    let progress = begun;
    let scannedTo = begun.after;
    while (!page.full) {
      const slice = await this.store.readAll({
        tenant: run.workspaceId,
        correlationId: run.runId,
        after: scannedTo,
        limit: Math.min(SLICE, page.room),
      });
      for (const event of slice.events) {
        if (event.position > progress.until || page.full) break;
        const line = eventLine(event, progress.head);
        page.add(line);
        progress = { ...progress, after: event.position, events: progress.events + 1, head: lineHash(line) };
      }
      const unread = slice.events.some(({ position }) => position > progress.after && position <= progress.until);
      if (unread) break;
      if (slice.caughtUp || slice.scannedTo >= progress.until) return { progress, done: true };
      scannedTo = slice.scannedTo;
    }
    return { progress, done: false };
  }
}

/** The lines of one page: full when it has as many as asked for, or too many bytes for one more. */
class Page {
  readonly lines: string[] = [];
  #bytes = 0;

  constructor(private readonly most: number) {}

  add(line: string): void {
    this.lines.push(line);
    this.#bytes += Buffer.byteLength(line) + 1;
  }

  get room(): number {
    return this.most - this.lines.length;
  }

  get full(): boolean {
    return this.room <= 0 || this.#bytes >= PAGE_BYTES;
  }
}

function accepted(output: OutputOf<typeof ExportRun>): Outcome {
  return { status: 'accepted', output, position: undefined };
}

function refused(refusal: Refusal): Outcome {
  return { status: 'refused', refusal };
}

function runNotFound(runId: string): Refusal {
  return reject('RUN_NOT_FOUND', `There is no run ${runId} in this workspace.`, {
    fix: 'Take the id from the list of runs.',
  });
}

function invalidCursor(): Refusal {
  return reject('INVALID_CURSOR', 'This cursor was not made for the next page of this export.', {
    fix: 'Begin the export again without a cursor.',
  });
}
