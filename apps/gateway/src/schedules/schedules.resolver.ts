import {
  CreateSchedule,
  DeleteSchedule,
  FireScheduleNow,
  PauseSchedule,
  PreviewSchedule,
  ResumeSchedule,
} from '@runledger/contracts';
import { Inject } from '@nestjs/common';
import { Args, Context, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import type { Caller } from '../access/caller.js';
import { Requires } from '../access/requires.js';
import { FlowReader } from '../flows/flow-reader.js';
import { pageAsked, type PageArgs } from '../graph/connection.js';
import { CallerOf, callerOf, type GraphContext } from '../graph/graph-context.js';
import { refusalNode } from '../graph/nodes.js';
import { RequestError } from '../graph/request-errors.js';
import { CommandDesk } from '../reads/command-desk.js';
import { ReadModels } from '../reads/read-models.js';
import { RunReader } from '../runs/run-reader.js';
import { createCommand, previewCommand, type PreviewArgs, type ScheduleInput } from './schedule-input.js';
import type { ScheduleNode } from './schedule-nodes.js';
import { ScheduleReader } from './schedule-reader.js';

interface SchedulesArgs extends PageArgs {
  readonly atLeast?: string | null;
}

@Resolver('Schedule')
export class SchedulesResolver {
  @Inject(FlowReader) private readonly flows!: FlowReader;
  @Inject(RunReader) private readonly runs!: RunReader;

  constructor(
    @Inject(ScheduleReader) private readonly reader: ScheduleReader,
    @Inject(CommandDesk) private readonly desk: CommandDesk,
    @Inject(ReadModels) private readonly readModels: ReadModels,
  ) {}

  @Query('schedules')
  @Requires('flows.read')
  async schedules(@Args() args: SchedulesArgs, @CallerOf() caller: Caller, @Context() context: GraphContext) {
    await this.readModels.atLeast(args.atLeast, context);
    return this.reader.page(caller.workspaceId, pageAsked(args, 50));
  }

  @Query('schedule')
  @Requires('flows.read')
  async schedule(
    @Args() args: { readonly id: string; readonly atLeast?: string | null },
    @CallerOf() caller: Caller,
    @Context() context: GraphContext,
  ) {
    await this.readModels.atLeast(args.atLeast, context);
    const found = await this.reader.find(caller.workspaceId, args.id);
    if (!found) throw new RequestError('NOT_FOUND', 'There is no such schedule.', 'Look at the list of schedules.');
    return found;
  }

  @Query('schedulePreview')
  @Requires('flows.read')
  async schedulePreview(
    @Args() args: PreviewArgs & { readonly atLeast?: string | null },
    @CallerOf() caller: Caller,
    @Context() context: GraphContext,
  ) {
    await this.readModels.atLeast(args.atLeast, context);
    const outcome = await this.desk.send(PreviewSchedule, previewCommand(args), caller);
    if (outcome.status === 'refused') return refusalNode('ScheduleRefused', outcome.refusal);
    const { weeks, days, ...shown } = outcome.output;
    const counted = { everyWeeks: weeks?.every ?? 1, everyDays: days?.every ?? 1 };
    return { __typename: 'SchedulePreview' as const, ...shown, ...counted };
  }

  @Mutation('createSchedule')
  @Requires('flows.manage')
  async createSchedule(@Args('input') input: ScheduleInput, @CallerOf() caller: Caller) {
    const outcome = await this.desk.send(CreateSchedule, createCommand(input), caller);
    if (outcome.status === 'refused') return refusalNode('ScheduleRefused', outcome.refusal);
    return this.#changed(caller, outcome.output.scheduleId, outcome.position);
  }

  @Mutation('pauseSchedule')
  @Requires('flows.manage')
  pauseSchedule(@Args('id') id: string, @CallerOf() caller: Caller) {
    return this.#change(PauseSchedule, id, caller);
  }

  @Mutation('resumeSchedule')
  @Requires('flows.manage')
  resumeSchedule(@Args('id') id: string, @CallerOf() caller: Caller) {
    return this.#change(ResumeSchedule, id, caller);
  }

  @Mutation('deleteSchedule')
  @Requires('flows.manage')
  async deleteSchedule(@Args('id') id: string, @CallerOf() caller: Caller) {
    const outcome = await this.desk.send(DeleteSchedule, { scheduleId: id }, caller);
    if (outcome.status === 'refused') return refusalNode('ScheduleRefused', outcome.refusal);
    if (outcome.position !== undefined) await this.readModels.reach(outcome.position, ['schedules']);
    return { __typename: 'DeletedSchedule' as const, id };
  }

  @Mutation('fireScheduleNow')
  @Requires('flows.manage')
  async fireScheduleNow(@Args('id') id: string, @CallerOf() caller: Caller) {
    const outcome = await this.desk.send(FireScheduleNow, { scheduleId: id }, caller);
    if (outcome.status === 'refused') return refusalNode('RunDeclined', outcome.refusal);
    const { runId } = outcome.output;
    return this.runs.referred({ workspaceId: caller.workspaceId, runId }, outcome.position ?? 0n);
  }

  @ResolveField('flow')
  async flow(@Parent() schedule: ScheduleNode, @Context() context: GraphContext) {
    const found = await this.flows.find(callerOf(context).workspaceId, { slug: schedule.flowSlug });
    if (!found)
      throw new RequestError(
        'NOT_FOUND',
        `The flow ${schedule.flowSlug} is not in the read model.`,
        'Ask again in a moment.',
      );
    return found;
  }

  @ResolveField('nextFirings')
  async nextFirings(
    @Parent() schedule: ScheduleNode,
    @Args('first') first: number | null | undefined,
    @Context() context: GraphContext,
  ): Promise<readonly string[]> {
    if (schedule.status !== 'ACTIVE') return [];
    const { cron, timeZone, weeks, days, startAt, endAt } = schedule;
    const when = previewCommand({ expression: cron, timeZone, startAt, endAt, first: first ?? null });
    const command = { ...when, ...(weeks && { weeks }), ...(days && { days }) };
    const outcome = await this.desk.send(PreviewSchedule, command, callerOf(context));
    return outcome.status === 'refused' ? [] : outcome.output.next;
  }

  async #change(command: typeof PauseSchedule, id: string, caller: Caller) {
    const outcome = await this.desk.send(command, { scheduleId: id }, caller);
    if (outcome.status === 'refused') return refusalNode('ScheduleRefused', outcome.refusal);
    return this.#changed(caller, id, outcome.position);
  }

  async #changed({ workspaceId }: Caller, id: string, position: bigint | undefined) {
    if (position !== undefined) await this.readModels.reach(position, ['schedules']);
    return this.reader.find(workspaceId, id);
  }
}
