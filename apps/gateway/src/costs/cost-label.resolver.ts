import { Inject } from '@nestjs/common';
import { Context, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import type { GraphContext } from '../graph/graph-context.js';
import { LoaderFactory } from '../graph/loaders.js';
import type { CostDimension } from './cost-question.js';

interface CostKey {
  readonly dimension: CostDimension;
  readonly value: string;
}

/** What people call one side of a group; asked of the rows of all groups together. */
@Resolver('CostKey')
export class CostLabelResolver {
  constructor(@Inject(LoaderFactory) private readonly loaders: LoaderFactory) {}

  @ResolveField('label')
  async label(@Parent() { dimension, value }: CostKey, @Context() context: GraphContext): Promise<string | null> {
    if (value === '') return null;
    const loaders = this.loaders.of(context);
    if (dimension === 'FLOW') return (await loaders.flow.load(value))?.name ?? null;
    if (dimension === 'MEMBER') return (await loaders.member.load(value))?.name ?? null;
    if (dimension !== 'RUN') return null;
    const run = await loaders.run.load(value);
    return run ? `${run.view.flowName} #${run.number}` : null;
  }
}
