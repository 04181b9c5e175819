import type { RecordedEvent } from '@runledger/event-store';
import { START } from '@runledger/event-store';
import { Inject } from '@nestjs/common';
import { Args, Context, Query, Resolver, Subscription } from '@nestjs/graphql';
import type { Caller } from '../access/caller.js';
import { Requires } from '../access/requires.js';
import { pageSize } from '../graph/connection.js';
import { CallerOf, type GraphContext } from '../graph/graph-context.js';
import { SAME_FOR_ALL, type SourceEvent } from '../graph/item-encoder.js';
import { positionOf, positionText } from '../graph/position-text.js';
import { ReadModels } from '../reads/read-models.js';
import { eventNode } from './event-nodes.js';
import { knownTypes } from './event-types.js';
import { LogReader, storyOf } from './log-reader.js';
import { tail } from './log-stream.js';
import { only } from './resumption.js';

interface EventsArgs {
  readonly runId?: string | null;
  readonly stream?: string | null;
  readonly types?: readonly string[] | null;
  readonly after?: string | null;
  readonly first?: number | null;
  readonly atLeast?: string | null;
}

@Resolver()
export class EventsResolver {
  constructor(
    @Inject(LogReader) private readonly log: LogReader,
    @Inject(ReadModels) private readonly readModels: ReadModels,
  ) {}

  @Query('events')
  @Requires('audit.read')
  async events(@Args() args: EventsArgs, @CallerOf() caller: Caller, @Context() context: GraphContext) {
    await this.readModels.atLeast(args.atLeast, context);
    const after = args.after == null ? START : positionOf(args.after);
    const { events, caughtUp, scannedTo } = await this.#page(args, caller, after);
    const edges = events.map(event => ({ cursor: positionText(event.position), node: eventNode(event) }));
    return {
      edges,
      nodes: edges.map(edge => edge.node),
      // Where matches are rare, a page may be without any; the next one begins where this one ended looking.
      pageInfo: { hasNextPage: !caughtUp, endCursor: positionText(scannedTo) },
    };
  }

  @Subscription('runEvents')
  @Requires('flows.read')
  async runEvents(
    @Args() { runId, after }: { readonly runId: string; readonly after?: string | null },
    @CallerOf() caller: Caller,
    @Context() { log }: GraphContext,
  ) {
    await this.log.assertRun(caller, runId);
    const start = await this.log.resumeAt(after, { log });
    if (start.status === 'expired') return only({ runEvents: start.item });
    const options = {
      ...storyOf(caller, runId),
      after: start.from,
      progress: false,
      stillAllowed: this.log.stillAllowed(caller),
    };
    return tail(this.log.distribution, options, batch => batch.events.map(runEvent));
  }

  async #page(args: EventsArgs, caller: Caller, after: bigint) {
    const size = pageSize(args.first, 50);
    const types = args.types == null ? undefined : knownTypes(args.types);
    if (args.stream != null) {
      const { runId } = args;
      const keep = (event: RecordedEvent) =>
        (types === undefined || types.includes(event.type)) &&
        (runId == null || event.metadata.correlationId === runId);
      return this.log.streamPage(caller, args.stream, { after, size, keep });
    }
    return this.log.store.readAll({
      tenant: caller.workspaceId,
      ...(args.runId != null && { correlationId: args.runId }),
      ...(types !== undefined && { types }),
      after,
      limit: size,
    });
  }
}

/** Of each event one, for all who follow the run: the log's tail hands the same object to all of them. */
const runEvents = new WeakMap<RecordedEvent, SourceEvent>();

function runEvent(event: RecordedEvent): SourceEvent {
  const known = runEvents.get(event);
  if (known) return known;
  const item = { __typename: 'RunEvent', cursor: positionText(event.position), event: eventNode(event) };
  const made = { runEvents: item, [SAME_FOR_ALL]: event };
  runEvents.set(event, made);
  return made;
}
