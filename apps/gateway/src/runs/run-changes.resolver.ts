import type { Position } from '@runledger/event-store';
import type { Delivery } from '@runledger/messaging';
import { Inject } from '@nestjs/common';
import { Args, Context, Resolver, Subscription } from '@nestjs/graphql';
import type { Caller } from '../access/caller.js';
import { Requires } from '../access/requires.js';
import { following } from '../events/following.js';
import { LogReader, storyOf } from '../events/log-reader.js';
import { tail } from '../events/log-stream.js';
import { only } from '../events/resumption.js';
import { CallerOf, type GraphContext } from '../graph/graph-context.js';
import { positionText } from '../graph/position-text.js';
import { ReadModels } from '../reads/read-models.js';
import type { RunNode } from './run-nodes.js';
import { RunReader, statesOf, type RunFilter } from './run-reader.js';
import { runViewEvents } from './run-view.js';

/** What a run shows of its own events. Whoever is told of a change too early is not told again. */
const SHOWN = ['runs', 'approvals', 'artifacts'];

const TYPES = runViewEvents.map(event => event.type);

interface RunChangedArgs {
  readonly runId: string;
  readonly after?: string | null;
}

interface RunsChangedArgs {
  readonly filter?: RunFilter | null;
  readonly after?: string | null;
}

/** A run was touched, last at this position of a batch. */
interface Touched {
  readonly runId: string;
  readonly position: Position;
}

/** Runs, re-read with the caller's rights, as their rows change. */
@Resolver()
export class RunChangesResolver {
  constructor(
    @Inject(LogReader) private readonly log: LogReader,
    @Inject(ReadModels) private readonly readModels: ReadModels,
    @Inject(RunReader) private readonly runs: RunReader,
  ) {}

  @Subscription('runChanged')
  @Requires('flows.read')
  async runChanged(
    @Args() { runId, after }: RunChangedArgs,
    @CallerOf() caller: Caller,
    @Context() { log }: GraphContext,
  ) {
    await this.log.assertRun(caller, runId);
    // A snapshot is as of the end of the log; the tail begins behind it, so that nothing lies between the two (G1).
    const start = await this.log.resumeAt(after, { log, otherwise: 'end' });
    if (start.status === 'expired') return only({ runChanged: start.item });
    const { from } = start;
    const first = after == null ? await this.#change(caller, { runId, position: from }) : undefined;
    const changes = this.#touched(caller, { ...storyOf(caller, runId), after: from });
    const items = first ? [{ runChanged: first }] : [];
    return following(items, changes, async touched => {
      const change = await this.#change(caller, touched);
      return change && { runChanged: change };
    });
  }

  @Subscription('runsChanged')
  @Requires('flows.read')
  async runsChanged(
    @Args() { filter, after }: RunsChangedArgs,
    @CallerOf() caller: Caller,
    @Context() { log }: GraphContext,
  ) {
    const start = await this.log.resumeAt(after, { log, otherwise: 'end' });
    if (start.status === 'expired') return only({ runsChanged: start.item });
    const { from } = start;
    const begin = { __typename: 'ChangesBegin', cursor: positionText(from) };
    const changes = this.#touched(caller, { tenant: caller.workspaceId, after: from });
    return following(after == null ? [{ runsChanged: begin }] : [], changes, async touched => {
      const change = await this.#change(caller, touched, filter ?? {});
      return change && { runsChanged: change };
    });
  }

  #touched(
    caller: Caller,
    from: { readonly tenant: string; readonly correlationId?: string; readonly after: Position },
  ) {
    const options = { ...from, types: TYPES, progress: false, stillAllowed: this.log.stillAllowed(caller) };
    return tail(this.log.distribution, options, touchedIn);
  }

  /** The row, re-read; undefined when the run was declined, or can never be one of those asked for. */
  async #change(caller: Caller, { runId, position }: Touched, filter: RunFilter = {}) {
    await this.readModels.reach(position, SHOWN);
    const { status: _status, group: _group, ...lasting } = filter;
    const run = await this.runs.findFitting(caller.workspaceId, runId, lasting);
    return run && { __typename: 'RunChange', cursor: positionText(position), fits: isIn(filter, run), run };
  }
}

function isIn(filter: RunFilter, { status }: RunNode): boolean {
  const states = statesOf(filter);
  return states === undefined || states.includes(status);
}

/**
 * Each run of the batch once, in the order of what touched them last. So every run that was touched up to the cursor of an item
 * has been told by then, or was touched again behind it: resuming there misses nothing (G1).
 */
function touchedIn({ events }: Delivery): Touched[] {
  const last = new Map<string, Position>();
  for (const { metadata, position } of events) {
    last.delete(metadata.correlationId);
    last.set(metadata.correlationId, position);
  }
  return [...last].map(([runId, position]) => ({ runId, position }));
}
