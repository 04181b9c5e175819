import { Inject } from '@nestjs/common';
import { Args, Context, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import type { Caller } from '../access/caller.js';
import { Requires } from '../access/requires.js';
import { rangeOf } from '../reads/range-of.js';
import { pageSize } from '../graph/connection.js';
import { CallerOf, callerOf, type GraphContext } from '../graph/graph-context.js';
import { LoaderFactory } from '../graph/loaders.js';
import { RequestError } from '../graph/request-errors.js';
import { ReadModels } from '../reads/read-models.js';
import { RunReader } from '../runs/run-reader.js';
import { SearchReader, type SearchHit, type SearchPage } from './search-reader.js';
import type { SearchKind } from './searched-texts.js';

/** Each entry of a page is read and marked word by word. */
const MOST = 50;

interface SearchArgs {
  readonly query: string;
  readonly kinds?: readonly SearchKind[] | null;
  readonly flow?: string | null;
  readonly runId?: string | null;
  readonly range?: { readonly from: string; readonly to: string } | null;
  readonly order?: SearchPage['order'] | null;
  readonly first?: number | null;
  readonly after?: string | null;
  readonly atLeast?: string | null;
}

@Resolver('SearchHit')
export class SearchResolver {
  constructor(
    @Inject(SearchReader) private readonly reader: SearchReader,
    @Inject(RunReader) private readonly runs: RunReader,
    @Inject(LoaderFactory) private readonly loaders: LoaderFactory,
    @Inject(ReadModels) private readonly readModels: ReadModels,
  ) {}

  @Query('search')
  @Requires('flows.read')
  async search(@Args() args: SearchArgs, @CallerOf() caller: Caller, @Context() context: GraphContext) {
    await this.readModels.atLeast(args.atLeast, context);
    return this.reader.page(caller.workspaceId, {
      query: args.query,
      kinds: [...new Set(args.kinds ?? [])].sort(),
      flow: args.flow ?? undefined,
      runId: args.runId ?? undefined,
      range: args.range ? rangeOf(args.range) : undefined,
      order: args.order ?? 'RELEVANCE',
      size: sizeOf(args.first),
      after: args.after ?? undefined,
    });
  }

  @ResolveField('run')
  async run(@Parent() { runId, position }: SearchHit, @Context() context: GraphContext) {
    const found = await this.loaders.of(context).run.load(runId);
    return this.runs.referred({ workspaceId: callerOf(context).workspaceId, runId }, BigInt(position), found);
  }
}

function sizeOf(first: number | null | undefined): number {
  const size = pageSize(first, 20);
  if (size <= MOST) return size;
  throw new RequestError(
    'BAD_USER_INPUT',
    `A page of a search holds 0 to ${MOST} entries, not ${size}.`,
    'Ask page by page.',
  );
}
