import { Inject } from '@nestjs/common';
import { Args, Context, Mutation, Query, Resolver } from '@nestjs/graphql';
import type { ParkedEvent, ParkedFilter, SharedCheckpoints } from '@runledger/event-store';
import { CHECKPOINTS } from '@runledger/platform';
import type { Caller } from '../access/caller.js';
import { Requires } from '../access/requires.js';
import { connectionOf, pageSize } from '../graph/connection.js';
import { CallerOf, type GraphContext } from '../graph/graph-context.js';
import { refusalNode } from '../graph/nodes.js';
import { positionText } from '../graph/position-text.js';
import { CursorSigner } from '../graph/signed-cursor.js';
import { ReadModels } from '../reads/read-models.js';

/** How the checkpoints of reactors are named. */
const REACTOR = 'reactor/';
const UNDONE = ['PARKED', 'WAITING'] as const;

type State = 'PARKED' | 'WAITING' | 'DISCARDED';

interface ParkedEventsArgs {
  readonly reactor?: string | null;
  readonly runId?: string | null;
  readonly states?: readonly State[] | null;
  readonly after?: string | null;
  readonly first?: number | null;
  readonly atLeast?: string | null;
}

@Resolver('ParkedEvent')
export class ParkedEventsResolver {
  constructor(
    @Inject(CHECKPOINTS) private readonly checkpoints: SharedCheckpoints,
    @Inject(CursorSigner) private readonly signer: CursorSigner,
    @Inject(ReadModels) private readonly readModels: ReadModels,
  ) {}

  @Query('parkedEvents')
  @Requires('workspace.admin')
  async parkedEvents(
    @Args() args: ParkedEventsArgs,
    @CallerOf() { workspaceId }: Caller,
    @Context() context: GraphContext,
  ) {
    await this.readModels.atLeast(args.atLeast, context);
    const size = pageSize(args.first, 50);
    const states = args.states ?? UNDONE;
    const list = { parkedEvents: workspaceId, reactor: args.reactor ?? null, runId: args.runId ?? null, states };
    const after = args.after == null ? undefined : String(this.signer.open(list, args.after)[0]);
    const filter: ParkedFilter = {
      tenant: workspaceId,
      states: states.map(stateOf),
      limit: size + 1,
      ...(args.reactor != null && { consumer: `${REACTOR}${args.reactor}` }),
      ...(args.runId != null && { runId: args.runId }),
      ...(after !== undefined && { after }),
    };
    const place = ({ id }: ParkedEvent) => [id];
    const found = await this.checkpoints.parked.list(filter);
    return connectionOf(found, { size, list, signer: this.signer, place, node: parkedEventNode });
  }

  @Mutation('retryParkedEvent')
  @Requires('workspace.admin')
  async retryParkedEvent(@Args('id') id: string, @CallerOf() { workspaceId, memberId }: Caller) {
    const event = await this.checkpoints.parked.requestRetry(id, { by: memberId, tenant: workspaceId });
    if (!event) return unknown(id);
    if (event.state !== 'discarded') return parkedEventNode(event);
    return refusalNode('ParkedEventRefused', {
      rejected: 'PARKED_EVENT_DISCARDED',
      message: 'This event was given up; it is not tried again.',
    });
  }

  @Mutation('discardParkedEvent')
  @Requires('workspace.admin')
  async discardParkedEvent(
    @Args('id') id: string,
    @Args('reason') reason: string,
    @CallerOf() { workspaceId, memberId }: Caller,
  ) {
    if (reason.trim() === '') {
      return refusalNode('ParkedEventRefused', {
        rejected: 'REASON_MISSING',
        message: 'An event is given up for a reason that others can read later.',
        fix: 'Say why it can be done without.',
      });
    }
    const event = await this.checkpoints.parked.discard(id, { by: memberId, reason, tenant: workspaceId });
    return event ? parkedEventNode(event) : unknown(id);
  }
}

function parkedEventNode(event: ParkedEvent) {
  const { id, consumer, state, position, eventId, eventType, runId, attempts, parkedAt } = event;
  return {
    __typename: 'ParkedEvent' as const,
    ...{ id, eventId, eventType, runId, attempts, parkedAt },
    reactor: consumer.slice(REACTOR.length),
    state: state.toUpperCase(),
    position: positionText(position),
    error: event.error ?? null,
    retryRequestedAt: event.retryRequested?.at ?? null,
    discarded: event.discarded ?? null,
  };
}

function unknown(id: string) {
  return refusalNode('ParkedEventRefused', {
    rejected: 'PARKED_EVENT_NOT_FOUND',
    message: `No event is parked under ${id}.`,
    fix: 'Take the id from `parkedEvents`; an event that was dealt with meanwhile is not there any more.',
  });
}

function stateOf(state: State): ParkedEvent['state'] {
  switch (state) {
    case 'PARKED':
      return 'parked';
    case 'WAITING':
      return 'waiting';
    case 'DISCARDED':
      return 'discarded';
  }
}
