import {
  CreateSchedule,
  DeleteSchedule,
  FireScheduleNow,
  PauseSchedule,
  PreviewSchedule,
  ResumeSchedule,
} from '@runledger/contracts';
import type { InputOf, OutputOf, RefusalOf, ScheduleFiring } from '@runledger/contracts';
import { derivedId } from '@runledger/event-store';
import type { CommandContext, CommandHandler, Position } from '@runledger/event-store';
import { Fault, idOf, isRejection, reject, streamOf } from '@runledger/kernel';
import type { CommandOutcome, CommandRegistry } from '@runledger/platform';
import type { PinnedFlows } from '../runs/pinned-flows.js';
import type { RunStarter } from '../runs/run-starter.js';
import { checkParameters, flowNotFound, flowSlug } from '../runs/start-request.js';
import { firingsAfter, nextAfter } from './recurrence.js';
import { readExpression } from './schedule-expression.js';
import { schedule } from './schedule.decider.js';
import type { ScheduleCommand } from './schedule.decider.js';

type Outcome<Command> = CommandOutcome<OutputOf<Command>, RefusalOf<Command> & string>;
type Named = InputOf<typeof PauseSchedule>;

/** How many firings are shown to whoever makes a schedule. */
const SHOWN = 5;

export interface ScheduleParts {
  readonly handler: CommandHandler;
  readonly flows: PinnedFlows;
  readonly starter: Pick<RunStarter, 'start'>;
}

/** Answers the commands about schedules. */
export class Schedules {
  constructor(private readonly parts: ScheduleParts) {}

  answer(commands: CommandRegistry): void {
    commands.answer(PreviewSchedule, (input, context) => Promise.resolve(this.preview(input, context)));
    commands.answer(CreateSchedule, (input, context) => this.create(input, context));
    commands.answer(
      PauseSchedule,
      known((input, context) => this.pause(input, context)),
    );
    commands.answer(
      ResumeSchedule,
      known((input, context) => this.resume(input, context)),
    );
    commands.answer(
      FireScheduleNow,
      known((input, context) => this.fireNow(input, context)),
    );
    commands.answer(
      DeleteSchedule,
      known((input, context) => this.delete(input, context)),
    );
  }

  preview(input: InputOf<typeof PreviewSchedule>, context: CommandContext): Outcome<typeof PreviewSchedule> {
    const after = input.after ?? context.occurredAt;
    const read = readExpression(input, after);
    if (isRejection(read)) return { status: 'refused', refusal: read };
    const { recurrence, notes } = read;
    const next = firingsAfter(recurrence, after, input.count);
    const { cron, timeZone, weeks, days } = recurrence;
    const output = { cron, timeZone, ...(weeks ? { weeks } : {}), ...(days ? { days } : {}), notes: [...notes], next };
    return { status: 'accepted', output, position: undefined };
  }

  async create(
    input: InputOf<typeof CreateSchedule>,
    context: CommandContext,
  ): Promise<Outcome<typeof CreateSchedule>> {
    const { occurredAt } = context;
    const read = readExpression(input, occurredAt);
    if (isRejection(read)) return { status: 'refused', refusal: read };
    const slug = await this.#flowFor(input, context.workspaceId);
    if (isRejection(slug)) return { status: 'refused', refusal: slug };
    const scheduleId = idOf('sched', derivedId(context.commandId, 'schedule', 0));
    const { recurrence, notes } = read;
    const next = firingsAfter(recurrence, occurredAt, SHOWN);
    const data = {
      scheduleId,
      name: input.name ?? `${slug}: ${input.expression}`,
      expression: input.expression,
      recurrence,
      catchUp: input.catchUp,
      start: { ...input.start, flow: slug },
      nextFireAt: next[0] ?? occurredAt,
      createdBy: context.actor,
      createdAt: occurredAt,
    };
    const outcome = await this.#handle(scheduleId, { type: 'CreateSchedule', data }, context);
    const output = { scheduleId, notes: [...notes], next };
    if (outcome.status === 'accepted') return { ...accepted(outcome), output };
    throw new Fault('UNEXPECTED_REFUSAL', `A new schedule was refused with ${outcome.refusal.rejected}.`);
  }

  async pause({ scheduleId }: Named, context: CommandContext): Promise<Outcome<typeof PauseSchedule>> {
    const data = { scheduleId, by: context.actor, at: context.occurredAt };
    const outcome = await this.#handle(scheduleId, { type: 'PauseSchedule', data }, context);
    return outcome.status === 'refused' ? outcome : { ...accepted(outcome), output: { scheduleId } };
  }

  async resume({ scheduleId }: Named, context: CommandContext): Promise<Outcome<typeof ResumeSchedule>> {
    const { state } = await this.#load(scheduleId, context);
    const at = context.occurredAt;
    const nextFireAt = 'plan' in state ? nextAfter(state.plan.recurrence, at) : undefined;
    const data = { scheduleId, by: context.actor, at, nextFireAt };
    const outcome = await this.#handle(scheduleId, { type: 'ResumeSchedule', data }, context);
    return outcome.status === 'refused' ? outcome : { ...accepted(outcome), output: { scheduleId } };
  }

  async delete({ scheduleId }: Named, context: CommandContext): Promise<Outcome<typeof DeleteSchedule>> {
    const data = { scheduleId, by: context.actor, at: context.occurredAt };
    const outcome = await this.#handle(scheduleId, { type: 'DeleteSchedule', data }, context);
    if (outcome.status === 'accepted') return { ...accepted(outcome), output: { scheduleId } };
    return { status: 'refused', refusal: { ...outcome.refusal, rejected: 'SCHEDULE_NOT_FOUND' } };
  }

  /** With the rights of whoever asks. */
  async fireNow({ scheduleId }: Named, context: CommandContext): Promise<Outcome<typeof FireScheduleNow>> {
    const { state } = await this.#load(scheduleId, context);
    if (!('plan' in state)) return { status: 'refused', refusal: notFound() };
    const at = context.occurredAt;
    const request = {
      ...state.plan.start,
      trigger: { kind: 'schedule' as const, ref: scheduleId },
      idempotencyKey: `schedule ${scheduleId} by hand ${context.commandId}`,
    };
    const outcome = await this.parts.starter.start(request, context);
    const refused = outcome.status === 'refused';
    const said = refused ? { declined: outcome.refusal.rejected } : { runId: outcome.output.runId };
    const firing: ScheduleFiring = { scheduledFor: at, ...said };
    await this.#handle(
      scheduleId,
      { type: 'RecordFiringByHand', data: { scheduleId, firings: [firing], at } },
      context,
    );
    return outcome;
  }

  /** The slug of a flow whose parameters fit, so that a schedule does not wait for a start that must be declined. */
  async #flowFor({ start }: InputOf<typeof CreateSchedule>, tenant: string) {
    const slug = flowSlug(start.flow);
    const request = { ...start, trigger: { kind: 'schedule' as const } };
    const flow = slug === undefined ? undefined : await this.parts.flows.find(tenant, slug, start.version);
    if (slug === undefined || !flow) return flowNotFound(request, false) as ReturnType<typeof reject<'FLOW_NOT_FOUND'>>;
    const checked = checkParameters(request, flow);
    if (!isRejection(checked)) return slug;
    return checked as ReturnType<typeof reject<'MISSING_PARAMETER' | 'INVALID_PARAMETER'>>;
  }

  #load(scheduleId: string, { workspaceId: tenant }: CommandContext) {
    return this.parts.handler.load(schedule, { tenant, name: streamOf('schedule', scheduleId) });
  }

  /** What happens to one schedule happens in one story, so that reactions to it keep its order. */
  #handle(scheduleId: string, command: ScheduleCommand, context: CommandContext) {
    const own = { ...context, correlationId: scheduleId };
    return this.parts.handler.handle(schedule, streamOf('schedule', scheduleId), command, own);
  }
}

function accepted({ position }: { readonly position: Position | undefined }) {
  return { status: 'accepted' as const, position };
}

function notFound() {
  return reject('SCHEDULE_NOT_FOUND', 'There is no such schedule.', { fix: 'Look at the list of schedules.' });
}

/** What is not the id of a schedule names none, and no stream either. */
function known<Result>(answer: (input: Named, context: CommandContext) => Promise<Result>) {
  return async (input: Named, context: CommandContext) =>
    isScheduleId(input.scheduleId) ? answer(input, context) : { status: 'refused' as const, refusal: notFound() };
}

function isScheduleId(text: string): boolean {
  return /^sched_[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
}
