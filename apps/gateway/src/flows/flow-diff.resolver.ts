import { Inject } from '@nestjs/common';
import { Args, Context, Query, Resolver } from '@nestjs/graphql';
import type { Caller } from '../access/caller.js';
import { Requires } from '../access/requires.js';
import { CallerOf, type GraphContext } from '../graph/graph-context.js';
import { RequestError } from '../graph/request-errors.js';
import { ReadModels } from '../reads/read-models.js';
import { diffFlows } from './flow-diff.js';
import type { FlowVersionNode } from './flow-nodes.js';
import { FlowReader } from './flow-reader.js';

interface DiffArgs {
  readonly flowId: string;
  readonly from: number;
  readonly to: number;
  readonly atLeast?: string | null;
}

@Resolver('FlowVersionDiff')
export class FlowDiffResolver {
  constructor(
    @Inject(FlowReader) private readonly reader: FlowReader,
    @Inject(ReadModels) private readonly readModels: ReadModels,
  ) {}

  @Query('flowVersionDiff')
  @Requires('flows.read')
  async flowVersionDiff(@Args() args: DiffArgs, @CallerOf() caller: Caller, @Context() context: GraphContext) {
    await this.readModels.atLeast(args.atLeast, context);
    const found = await this.reader.versionsOf(caller.workspaceId, args.flowId, [args.from, args.to]);
    const [from, to] = [args.from, args.to].map(number => versionIn(found, number));
    if (!from || !to)
      throw new RequestError('NOT_FOUND', 'There is no such version.', 'Look at `versions` of the flow.');
    return { from, to, ...diffFlows(named(from), named(to)) };
  }
}

function versionIn(found: readonly FlowVersionNode[], number: number): FlowVersionNode | undefined {
  return found.find(({ version }) => version === number);
}

function named({ version, definition }: FlowVersionNode) {
  return { name: `${definition.slug}@${version}`, definition };
}
