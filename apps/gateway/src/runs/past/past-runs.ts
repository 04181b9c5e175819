import type { ApprovalEvent } from '@runledger/contracts';
import { catalogue } from '@runledger/contracts';
import { START, type Position } from '@runledger/event-store';
import { upcastEvent } from '@runledger/messaging';
import type { Recorded } from '@runledger/projections';
import { Inject, Injectable } from '@nestjs/common';
import type { Caller } from '../../access/caller.js';
import { LogReader, storyOf } from '../../events/log-reader.js';
import { RequestError } from '../../graph/request-errors.js';
import { runNode, type RunNode } from '../run-nodes.js';
import { PAST_TYPES, PastFold } from './past-run.js';

const PAGE = 1_000;

/** Shows runs as they were: folded from the log, so that it needs nothing that was kept for it. */
@Injectable()
export class PastRuns {
  constructor(@Inject(LogReader) private readonly log: LogReader) {}

  /**
   * The run as it stood when the log had grown up to `asOf`. Throws `NOT_FOUND` when it had not begun, and `INVALID_CURSOR`
   * for a position that the log has not come to.
   */
  async run(caller: Caller, { id, number }: Pick<RunNode, 'id' | 'number'>, asOf: Position): Promise<RunNode> {
    if (asOf > (await this.log.store.head())) throw notYet();
    const fold = new PastFold();
    for (let after = START; after < asOf;) {
      const slice = await this.log.store.readAll({ ...storyOf(caller, id), types: PAST_TYPES, after, limit: PAGE });
      for (const event of slice.events) {
        if (event.position <= asOf) fold.add(upcastEvent(catalogue, event) as Recorded<ApprovalEvent>);
      }
      if (slice.caughtUp) break;
      after = slice.scannedTo;
    }
    const found = fold.asOf(asOf);
    if (!found) throw notBegun();
    return runNode(found.view, number, found.past);
  }

  /** Whether the run had begun when the log had grown up to `asOf`. */
  async hadBegun(caller: Caller, runId: string, asOf: Position): Promise<boolean> {
    const slice = await this.log.store.readAll({ ...storyOf(caller, runId), after: START, limit: 1 });
    const [first] = slice.events;
    return first !== undefined && first.position <= asOf;
  }
}

function notYet(): RequestError {
  return new RequestError(
    'INVALID_CURSOR',
    'The log has not come to this position.',
    'Pass the `position` of an event of the run; `events(runId:)` lists them.',
  );
}

function notBegun(): RequestError {
  return new RequestError(
    'NOT_FOUND',
    'The run had not begun at this position.',
    'Pass the `position` of its first event, or a later one.',
  );
}
