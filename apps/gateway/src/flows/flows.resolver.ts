import { PublishFlow } from '@runledger/contracts';
import { Inject } from '@nestjs/common';
import { Args, Context, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import type { Caller } from '../access/caller.js';
import { Requires } from '../access/requires.js';
import { pageAsked, pageSize, type PageArgs } from '../graph/connection.js';
import { CallerOf, callerOf, type GraphContext } from '../graph/graph-context.js';
import { LoaderFactory } from '../graph/loaders.js';
import { refusalNode } from '../graph/nodes.js';
import { RequestError } from '../graph/request-errors.js';
import { CommandDesk } from '../reads/command-desk.js';
import { ReadModels } from '../reads/read-models.js';
import type { FlowNode, FlowVersionNode } from './flow-nodes.js';
import { FlowReader } from './flow-reader.js';

interface FlowsArgs extends PageArgs {
  readonly filter?: { readonly text?: string | null } | null;
  readonly atLeast?: string | null;
}

@Resolver('Flow')
export class FlowsResolver {
  constructor(
    @Inject(FlowReader) private readonly reader: FlowReader,
    @Inject(ReadModels) private readonly readModels: ReadModels,
    @Inject(CommandDesk) private readonly desk: CommandDesk,
    @Inject(LoaderFactory) private readonly loaders: LoaderFactory,
  ) {}

  @Query('flows')
  @Requires('flows.read')
  async flows(@Args() args: FlowsArgs, @CallerOf() caller: Caller, @Context() context: GraphContext) {
    await this.readModels.atLeast(args.atLeast, context);
    const text = args.filter?.text ?? undefined;
    return this.reader.page(caller.workspaceId, { text, ...pageAsked(args, 50) });
  }

  @Query('flow')
  @Requires('flows.read')
  async flow(
    @Args() args: { readonly id?: string | null; readonly slug?: string | null; readonly atLeast?: string | null },
    @CallerOf() caller: Caller,
    @Context() context: GraphContext,
  ) {
    await this.readModels.atLeast(args.atLeast, context);
    const found = await this.reader.find(caller.workspaceId, oneOf(args));
    if (!found) throw new RequestError('NOT_FOUND', 'There is no such flow.', 'Look at the list of flows.');
    return found;
  }

  @Mutation('publishFlow')
  @Requires('flows.manage')
  async publishFlow(
    @Args('input') input: { readonly source: string; readonly format?: 'YAML' | 'JSON' | null },
    @CallerOf() caller: Caller,
    @Context() context: GraphContext,
  ) {
    const format = input.format ? { format: input.format === 'YAML' ? ('yaml' as const) : ('json' as const) } : {};
    const outcome = await this.desk.send(PublishFlow, { source: input.source, ...format }, caller);
    if (outcome.status === 'refused') return refusalNode('FlowRefused', outcome.refusal);
    if (outcome.position !== undefined) await this.readModels.reach(outcome.position, ['flows']);
    return this.reader.version(this.loaders.of(context), outcome.output, outcome.position ?? 0n);
  }

  @ResolveField('latestVersion')
  latestVersion(@Parent() flow: FlowNode, @Context() context: GraphContext) {
    return this.reader.version(this.loaders.of(context), { flowId: flow.id, version: flow.latest }, 0n);
  }

  @ResolveField('versions')
  versions(
    @Parent() flow: FlowNode,
    @Args('first') first: number | null | undefined,
    @Context() context: GraphContext,
  ) {
    return this.reader.versions(callerOf(context).workspaceId, flow.id, pageSize(first, 20));
  }
}

@Resolver('FlowVersion')
export class FlowVersionsResolver {
  constructor(
    @Inject(FlowReader) private readonly reader: FlowReader,
    @Inject(LoaderFactory) private readonly loaders: LoaderFactory,
  ) {}

  @ResolveField('flow')
  flow(@Parent() version: FlowVersionNode, @Context() context: GraphContext) {
    return this.reader.flow(this.loaders.of(context), version.flowId, 0n);
  }
}

function oneOf(args: { readonly id?: string | null; readonly slug?: string | null }) {
  if (args.id && !args.slug) return { flowId: args.id };
  if (args.slug && !args.id) return { slug: args.slug };
  throw new RequestError('BAD_USER_INPUT', 'A flow is found by its id or by its slug.', 'Pass exactly one of the two.');
}
