import { Inject } from '@nestjs/common';
import { Context, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import { callerOf, type GraphContext } from '../graph/graph-context.js';
import { LoaderFactory } from '../graph/loaders.js';
import type { RunNode, StepNode } from './run-nodes.js';
import { RunReader } from './run-reader.js';
import type { RunView } from './run-view.js';

/** Where runs come from and what became of them, readable from both ends. */
@Resolver('Lineage')
export class LineageResolver {
  constructor(
    @Inject(RunReader) private readonly runs: RunReader,
    @Inject(LoaderFactory) private readonly loaders: LoaderFactory,
  ) {}

  @ResolveField('retryOf')
  async retryOf(@Parent() view: RunView, @Context() context: GraphContext) {
    return view.lineage?.kind === 'RETRY' ? this.#run(view.lineage.of, view, context) : null;
  }

  @ResolveField('rerunOf')
  async rerunOf(@Parent() view: RunView, @Context() context: GraphContext) {
    if (view.lineage?.kind !== 'RERUN') return null;
    const { of, fromStep } = view.lineage;
    return { run: await this.#run(of, view, context), step: fromStep ?? view.firstStep };
  }

  @ResolveField('retries')
  async retries(@Parent() view: RunView, @Context() context: GraphContext) {
    return this.#descendants('RETRY', view, context);
  }

  @ResolveField('reruns')
  async reruns(@Parent() view: RunView, @Context() context: GraphContext) {
    const found = await this.#descendants('RERUN', view, context);
    return found.map(run => ({ run, step: run.view.lineage?.fromStep ?? run.view.firstStep }));
  }

  async #descendants(kind: 'RETRY' | 'RERUN', view: RunView, context: GraphContext): Promise<readonly RunNode[]> {
    const all = await this.loaders.of(context).descendants.load(view.id);
    return all.filter(run => run.view.lineage?.kind === kind);
  }

  async #run(runId: string, view: RunView, context: GraphContext): Promise<RunNode> {
    const found = await this.loaders.of(context).run.load(runId);
    return this.runs.referred({ workspaceId: callerOf(context).workspaceId, runId }, BigInt(view.position), found);
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
    return { run: await this.runs.referred(place, BigInt(run.position), found), attempt };
  }
}
