import { Inject } from '@nestjs/common';
import { Context, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import { callerOf, type GraphContext } from '../graph/graph-context.js';
import { LoaderFactory } from '../graph/loaders.js';
import type { RunNode, StepNode } from './run-nodes.js';
import { RunDetailsReader } from './run-details-reader.js';
import { RunReader } from './run-reader.js';

/** Where runs come from and what became of them, readable from both ends. */
@Resolver('Lineage')
export class LineageResolver {
  constructor(
    @Inject(RunReader) private readonly runs: RunReader,
    @Inject(LoaderFactory) private readonly loaders: LoaderFactory,
    @Inject(RunDetailsReader) private readonly details: RunDetailsReader,
  ) {}

  @ResolveField('retryOf')
  async retryOf(@Parent() { view }: RunNode, @Context() context: GraphContext) {
    return view.lineage?.kind === 'RETRY' ? this.#run(view.lineage.of, view.position, context) : null;
  }

  @ResolveField('rerunOf')
  async rerunOf(@Parent() { view }: RunNode, @Context() context: GraphContext) {
    if (view.lineage?.kind !== 'RERUN') return null;
    const { of, fromStep } = view.lineage;
    return { run: await this.#run(of, view.position, context), step: fromStep ?? view.firstStep };
  }

  @ResolveField('retries')
  async retries(@Parent() run: RunNode, @Context() context: GraphContext) {
    return this.#descendants('RETRY', run, context);
  }

  @ResolveField('reruns')
  async reruns(@Parent() run: RunNode, @Context() context: GraphContext) {
    const found = await this.#descendants('RERUN', run, context);
    return found.map(other => ({ run: other, step: other.view.lineage?.fromStep ?? other.view.firstStep }));
  }

  async #descendants(kind: 'RETRY' | 'RERUN', run: RunNode, context: GraphContext): Promise<readonly RunNode[]> {
    const all = await this.details.of(run, context).descendants();
    return all.filter(({ view }) => view.lineage?.kind === kind);
  }

  async #run(runId: string, since: string, context: GraphContext): Promise<RunNode> {
    const found = await this.loaders.of(context).run.load(runId);
    return this.runs.referred({ workspaceId: callerOf(context).workspaceId, runId }, BigInt(since), found);
  }
}

@Resolver('StepCard')
export class InheritanceResolver {
  constructor(
    @Inject(RunReader) private readonly runs: RunReader,
    @Inject(LoaderFactory) private readonly loaders: LoaderFactory,
  ) {}

  @ResolveField('inheritedFrom')
  async inheritedFrom(@Parent() { run, step }: StepNode, @Context() context: GraphContext) {
    if (!step.inherited) return null;
    const { runId, attempt } = step.inherited;
    const found = await this.loaders.of(context).run.load(runId);
    const place = { workspaceId: callerOf(context).workspaceId, runId };
    return { run: await this.runs.referred(place, BigInt(run.view.position), found), attempt };
  }
}
