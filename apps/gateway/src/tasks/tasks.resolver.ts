import { Inject } from '@nestjs/common';
import { Args, Context, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import type { Caller } from '../access/caller.js';
import { Requires } from '../access/requires.js';
import { pageAsked, type PageArgs } from '../graph/connection.js';
import { CallerOf, type GraphContext } from '../graph/graph-context.js';
import { ReadModels } from '../reads/read-models.js';
import type { RunNode } from '../runs/run-nodes.js';
import { TaskReader } from './task-reader.js';
import type { TaskState } from './task-state.js';
import { taskNode } from './task-view.js';

interface TasksArgs extends PageArgs {
  readonly filter?: { readonly state?: readonly TaskState[] | null; readonly startedBy?: string | null } | null;
  readonly atLeast?: string | null;
}

@Resolver('Run')
export class TasksResolver {
  constructor(
    @Inject(TaskReader) private readonly reader: TaskReader,
    @Inject(ReadModels) private readonly readModels: ReadModels,
  ) {}

  @Query('tasks')
  @Requires('flows.read')
  async tasks(@Args() args: TasksArgs, @CallerOf() caller: Caller, @Context() context: GraphContext) {
    await this.readModels.atLeast(args.atLeast, context);
    return this.reader.page(caller.workspaceId, {
      states: args.filter?.state ?? [],
      startedBy: args.filter?.startedBy ?? undefined,
      ...pageAsked(args, 50),
    });
  }

  @ResolveField('task')
  task(@Parent() run: RunNode) {
    return taskNode(run) ?? null;
  }
}
