import { approvalEvents, type ApprovalEvent } from '@runledger/contracts';
import type { Position } from '@runledger/event-store';
import type { Delivery } from '@runledger/messaging';
import { Inject } from '@nestjs/common';
import { Args, Context, Resolver, Subscription } from '@nestjs/graphql';
import type { Caller } from '../access/caller.js';
import { Requires } from '../access/requires.js';
import { LogReader } from '../events/log-reader.js';
import { following } from '../events/following.js';
import { tail } from '../events/log-stream.js';
import { only } from '../events/resumption.js';
import { CallerOf, type GraphContext } from '../graph/graph-context.js';
import { positionText } from '../graph/position-text.js';
import { ReadModels } from '../reads/read-models.js';
import { ApprovalReader } from './approval-reader.js';

const TYPES = approvalEvents.map(event => event.type);
const MOST = 200;

/** What waits for the caller, as it comes and goes. */
@Resolver()
export class InboxResolver {
  constructor(
    @Inject(LogReader) private readonly log: LogReader,
    @Inject(ReadModels) private readonly readModels: ReadModels,
    @Inject(ApprovalReader) private readonly reader: ApprovalReader,
  ) {}

  @Subscription('inboxChanged')
  @Requires('flows.read')
  async inboxChanged(
    @Args('after') after: string | null | undefined,
    @CallerOf() caller: Caller,
    @Context() { log }: GraphContext,
  ) {
    // A snapshot is as of the end of the log; the tail begins behind it, so that nothing lies between the two (G1).
    const start = await this.log.resumeAt(after, { log, otherwise: 'end' });
    if (start.status === 'expired') return only({ inboxChanged: start.item });
    const { from } = start;
    const first = after == null ? [await this.#snapshot(caller, from)] : [];
    const options = {
      tenant: caller.workspaceId,
      types: TYPES,
      after: from,
      progress: false,
      stillAllowed: this.log.stillAllowed(caller),
    };
    const changes = tail(this.log.distribution, options, changesOf);
    return following<InboxItem, Change>(first, changes, change => this.#item(caller, change));
  }

  async #snapshot(caller: Caller, position: Position) {
    await this.readModels.reach(position, ['approvals']);
    const asked = { states: ['OPEN'], kinds: undefined, runId: undefined, everyones: false };
    const { edges, pageInfo } = await this.reader.page(caller, {
      ...asked,
      size: MOST,
      cursor: undefined,
      backwards: false,
    });
    const requests = edges.map(({ node }) => node);
    const snapshot = { __typename: 'InboxSnapshot', cursor: positionText(position), requests };
    return { inboxChanged: { ...snapshot, hasMore: pageInfo.hasNextPage } };
  }

  /** The row, re-read with the caller's rights; undefined when it is none of the caller's business. */
  async #item(caller: Caller, { position, requestId }: Change) {
    await this.readModels.reach(position, ['approvals']);
    const request = await this.reader.findMine(caller, requestId);
    return request && { inboxChanged: { __typename: 'InboxChange', cursor: positionText(position), request } };
  }
}

interface InboxItem {
  readonly inboxChanged: object;
}

interface Change {
  readonly position: Position;
  readonly requestId: string;
}

function changesOf(batch: Delivery): Change[] {
  return batch.events.map(({ position, data }) => ({ position, requestId: (data as ApprovalEvent['data']).requestId }));
}
