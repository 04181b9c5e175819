import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { ServerWritableStream } from '@grpc/grpc-js';
import type { ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb.js';
import type { DoubleLog, StoredEvent } from './double-log.js';
import {
  caughtUp,
  checkpoint,
  confirmation,
  eventMessage,
  filterOf,
  notFound,
  streamDeleted,
  streamOf,
} from './wire-messages.js';

export type ReadCall = ServerWritableStream<ReadReq, ReadResp>;

/** Events scanned without a match after which a filtered subscription is told how far it came. */
const CHECKPOINT_EVERY = 32;

const BACKWARDS = 1;

/** Answers a read of one stream or of `$all`, then ends the call. */
export async function answerRead(call: ReadCall, options: ReadReq.Options, log: DoubleLog): Promise<void> {
  const found = options.hasStream() ? readOne(options, log) : readAll(options, log);
  if (found === 'deleted') return void call.emit('error', streamDeleted(streamOf(options.getStream())));
  if (found === 'not-found') await send(call, notFound(streamOf(options.getStream())));
  // A read is bounded by its count, so it may wait in memory for a slow reader; a subscription may not.
  else for (const event of found.slice(0, Number(options.getCount()))) call.write(eventMessage(event));
  call.end();
}

/** Where a subscription begins: everything behind this index of the log. */
export function startOf(options: ReadReq.Options, log: DoubleLog): number {
  const all = options.getAll();
  if (all?.hasEnd()) return log.events.length;
  const position = all?.getPosition()?.getCommitPosition();
  return position === undefined ? 0 : log.indexAfter(BigInt(position));
}

/** Confirms, sends what was there, says that it has caught up, then sends what comes; until the call is over. */
export async function serveSubscription(call: ReadCall, options: ReadReq.Options, log: DoubleLog, start: number) {
  const matches = filterOf(options);
  let [next, unseen, live] = [start, 0, false];
  await send(call, confirmation(randomUUID()));
  while (!call.cancelled && !call.destroyed) {
    const event = log.events[next];
    if (!event) {
      if (!live) await send(call, caughtUp());
      live = true;
      await grownOrOver(call, log);
      continue;
    }
    next += 1;
    unseen = matches(event) ? 0 : unseen + 1;
    if (unseen === 0) await send(call, eventMessage(event));
    if (options.hasFilter() && unseen === CHECKPOINT_EVERY) {
      unseen = 0;
      await send(call, checkpoint(event.position));
    }
  }
}

function readOne(options: ReadReq.Options, log: DoubleLog): ReturnType<DoubleLog['read']> {
  const target = options.getStream();
  const events = log.read(streamOf(target));
  if (typeof events === 'string') return events;
  const backwards = Number(options.getReadDirection()) === BACKWARDS;
  const last = events.at(-1)?.revision ?? 0n;
  const from = target?.hasStart() ? 0n : target?.hasEnd() ? last : BigInt(target?.getRevision() ?? 0);
  if (!backwards) return events.filter(({ revision }) => revision >= from);
  // As the server does: it looks at so many revisions down from the given one, whether they exist or not.
  const lowest = from - BigInt(options.getCount());
  return events.filter(({ revision }) => revision <= from && revision > lowest).reverse();
}

/** Forwards the position is inclusive, backwards exclusive. */
function readAll(options: ReadReq.Options, log: DoubleLog): readonly StoredEvent[] {
  const all = options.getAll();
  const backwards = Number(options.getReadDirection()) === BACKWARDS;
  const position = all?.getPosition() && BigInt(all.getPosition()?.getCommitPosition() ?? 0);
  if (backwards) return log.events.slice(0, position ? log.indexAfter(position - 1n) : undefined).reverse();
  if (all?.hasEnd()) return [];
  const from = position ? log.indexAfter(position - 1n) : 0;
  return log.events.slice(from, from + Number(options.getCount()));
}

async function grownOrOver(call: ReadCall, log: DoubleLog): Promise<void> {
  let over: (() => void) | undefined;
  const events = ['cancelled', 'close', 'error'] as const;
  await log.grown(end => {
    over = end;
    for (const event of events) call.once(event, end);
  });
  if (over) for (const event of events) call.off(event, over);
}

async function send(call: ReadCall, message: ReadResp): Promise<void> {
  if (call.cancelled || call.destroyed || call.write(message)) return;
  const ending = new AbortController();
  const over = () => ending.abort();
  call.once('cancelled', over);
  try {
    await once(call, 'drain', { signal: ending.signal });
  } catch (error) {
    if (!ending.signal.aborted && !call.destroyed) throw error;
  } finally {
    call.off('cancelled', over);
  }
}
