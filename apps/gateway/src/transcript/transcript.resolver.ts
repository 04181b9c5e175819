import { catalogue } from '@runledger/contracts';
import { START, type Position, type RecordedEvent } from '@runledger/event-store';
import type { Delivery } from '@runledger/messaging';
import { idOf, keyOf } from '@runledger/kernel';
import { Inject } from '@nestjs/common';
import { Args, Context, Parent, ResolveField, Resolver, Subscription } from '@nestjs/graphql';
import type { Caller } from '../access/caller.js';
import { Requires } from '../access/requires.js';
import { LogReader, storyOf } from '../events/log-reader.js';
import { tail } from '../events/log-stream.js';
import { only } from '../events/resumption.js';
import { CallerOf, type GraphContext } from '../graph/graph-context.js';
import { positionText } from '../graph/position-text.js';
import { transcriptEvents, type ToolCall } from './transcript-entries.js';
import { TranscriptFold, type PlacedEvent } from './transcript-fold.js';

interface TranscriptArgs {
  readonly runId: string;
  readonly step?: string | null;
  readonly after?: string | null;
}

const TYPES = transcriptEvents.map(event => event.type);

@Resolver()
export class TranscriptResolver {
  constructor(@Inject(LogReader) private readonly log: LogReader) {}

  @Subscription('transcript')
  @Requires('flows.read')
  async transcript(
    @Args() { runId, step, after }: TranscriptArgs,
    @CallerOf() caller: Caller,
    @Context() { log }: GraphContext,
  ) {
    await this.log.assertRun(caller, runId);
    const start = await this.log.resumeAt(after, { log });
    if (start.status === 'expired') return only({ transcript: start.item });
    const { from } = start;
    const fold = new TranscriptFold();
    await this.#catchUp(fold, caller, runId, from);
    const options = {
      ...storyOf(caller, runId),
      types: TYPES,
      after: from,
      stillAllowed: this.log.stillAllowed(caller),
    };
    return tail(this.log.distribution, options, segmentsOf(fold, step ?? undefined));
  }

  /** What was delivered before the cursor says what the entries that go on behind it are. */
  async #catchUp(fold: TranscriptFold, caller: Caller, runId: string, upTo: Position): Promise<void> {
    for (let after = START; after < upTo;) {
      const slice = await this.log.store.readAll({ ...storyOf(caller, runId), types: TYPES, after, limit: 500 });
      fold.segment(slice.events.filter(event => event.position <= upTo).map(placed));
      if (slice.caughtUp) return;
      after = slice.scannedTo;
    }
  }
}

@Resolver('ToolEntry')
export class ToolEntryResolver {
  @ResolveField('outputBytes')
  outputBytes(@Parent() { outputBlob }: ToolCall) {
    return outputBlob?.bytes ?? null;
  }

  @ResolveField('outputUrl')
  outputUrl(@Parent() { id, outputBlob }: ToolCall) {
    return outputBlob ? `/api/v1/runs/${runOf(id)}/outputs/${encodeURIComponent(id)}` : null;
  }
}

/** An entry's id begins with that of its attempt, `att_<run key>.<step>.<n>`, which names the run. */
function runOf(entryId: string): string {
  return idOf('run', keyOf(entryId).split('.')[0] ?? '');
}

/** Batches as items: those with something new for this reader, and once the word that this is all there is. */
function segmentsOf(fold: TranscriptFold, step: string | undefined) {
  let hasCaughtUp = false;
  return (batch: Delivery) => {
    const entries = fold.segment(batch.events.map(placed)).filter(entry => step === undefined || entry.step === step);
    if (entries.length === 0 && (hasCaughtUp || !batch.caughtUp)) return [];
    hasCaughtUp ||= batch.caughtUp;
    const cursor = positionText(batch.events.at(-1)?.position ?? batch.scannedTo);
    return [{ transcript: { __typename: 'TranscriptSegment', cursor, entries, caughtUp: batch.caughtUp } }];
  };
}

function placed(event: RecordedEvent): PlacedEvent {
  const data = catalogue.upcast(event.type, event.metadata.schemaVersion, event.data);
  return { type: event.type, data, position: event.position } as PlacedEvent;
}
