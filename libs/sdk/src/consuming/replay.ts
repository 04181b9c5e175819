import type { Position, Queryable, SharedCheckpoints } from '@runledger/event-store';
import { PARTITIONS } from '@runledger/event-store';
import type { PoolClient } from 'pg';
import { NoUndoError } from './consumer-errors.js';
import { checkpointsOf } from './define-consumer.js';
import type { Consumer } from './define-consumer.js';
import { statementsIn } from './effects.js';
import type { HandledEvents } from './handled-events.js';

export interface ReplayParts {
  readonly checkpoints: SharedCheckpoints;
  readonly handled: HandledEvents;
}

/**
 * Takes back what the consumer did with every event behind `after`, and lets all of them be handled again: in one transaction, with
 * nothing under way (H3), beside running replicas or without any. Dead letters behind it are events like the others again.
 */
export async function replay(
  consumer: Consumer,
  after: Position,
  { checkpoints, handled }: ReplayParts,
): Promise<void> {
  const { undo } = consumer;
  if (!undo) throw new NoUndoError(consumer.name);
  const name = checkpointsOf(consumer);
  await checkpoints.partitions.prepare(name, 1);
  await handled.alone(async client => {
    await checkpoints.hold(name, queryable(client));
    await undo(statementsIn(client), after);
    await handled.forgetAfter(after, client);
    await client.query('delete from runledger.parked_event where consumer = $1 and gpos > $2', [name, String(after)]);
    await client.query(GO_BACK, [name, String(after)]);
  });
}

/** Whoever has the partitions is fenced off (R3), and takes them up again from there. One that is behind already stays where it is. */
const GO_BACK = `
  update runledger.partition_checkpoint
     set position = least(position, $2), owner = null, epoch = epoch + 1, updated_at = now() where consumer = $1`;

/** A consumer that has never run, and wants nothing of what is past, is put to the end of the log. */
export async function beginNow(
  consumer: Consumer,
  head: () => Promise<Position>,
  { checkpoints, handled }: ReplayParts,
): Promise<void> {
  const name = checkpointsOf(consumer);
  await handled.alone(async client => {
    if ((await checkpoints.partitions.read(name, 1, queryable(client))).length > 0) return;
    const position = await head();
    await checkpoints.replace({ consumer: name, version: 1, parts: PARTITIONS, position }, queryable(client));
  });
}

function queryable(client: PoolClient): Queryable {
  return {
    query: async (text, values) => ({ rows: (await client.query<Record<string, unknown>>(text, values)).rows }),
  };
}
