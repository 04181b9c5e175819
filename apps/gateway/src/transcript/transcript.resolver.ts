import type { RecordedEvent } from '@runledger/event-store';
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
import { SAME_FOR_ALL, type SourceEvent } from '../graph/item-encoder.js';
import { positionText } from '../graph/position-text.js';
import type { ToolCall } from './transcript-entries.js';
import type { TranscriptFold } from './transcript-fold.js';
import { placed, TRANSCRIPT_TYPES, TranscriptPast } from './transcript-past.js';

interface TranscriptArgs {
  readonly runId: string;
  readonly step?: string | null;
  readonly after?: string | null;
}

@Resolver()
export class TranscriptResolver {
  constructor(
    @Inject(LogReader) private readonly log: LogReader,
    @Inject(TranscriptPast) private readonly past: TranscriptPast,
  ) {}

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
    const story = storyOf(caller, runId);
    const fold = await this.past.foldAt(story, from);
    const stillAllowed = this.log.stillAllowed(caller);
    const options = { ...story, types: TRANSCRIPT_TYPES, after: from, progress: false, stillAllowed };
    return tail(this.log.distribution, options, segmentsOf(fold, step ?? undefined));
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
    return [itemOf(batch, step, entries)];
  };
}

/** By the last event of a batch, as the log's tail hands it to all who follow a run, and by what else a batch is told apart with. */
const items = new WeakMap<RecordedEvent, Map<string, SourceEvent>>();

/** Of each batch one, for all who have it: what it says depends on the log up to its end, and on nothing else. */
function itemOf(batch: Delivery, step: string | undefined, entries: readonly object[]): SourceEvent {
  const [first, last] = [batch.events[0], batch.events.at(-1)];
  const cursor = positionText(last?.position ?? batch.scannedTo);
  const segment = { __typename: 'TranscriptSegment', cursor, entries, caughtUp: batch.caughtUp };
  if (!first || !last) return { transcript: segment };
  const known = items.get(last) ?? new Map<string, SourceEvent>();
  items.set(last, known);
  const key = `${first.position} ${batch.caughtUp} ${step ?? ''}`;
  const item = known.get(key) ?? { transcript: segment, [SAME_FOR_ALL]: segment };
  known.set(key, item);
  return item;
}
