import type { DailyRuns, InputOf, Plan, RefusalOf, ReserveDailyRun } from '@runledger/contracts';
import type { CommandContext, CommandHandler } from '@runledger/event-store';
import { keyOf } from '@runledger/kernel';
import type { CommandOutcome } from '@runledger/platform';
import type { PlanDesk } from '../plans/plan-desk.js';
import { allowances } from './allowance.decider.js';
import { dailyCap, endOfDay, utcDayOf } from './daily-cap.js';

/** Gives out the starts of a day. The day is the one of the command, so that a repeat of it is of the same day. */
export class DailyRunDesk {
  constructor(
    private readonly handler: CommandHandler,
    private readonly plans: PlanDesk,
  ) {}

  /** Answers `ReserveDailyRun`. A plan without a cap costs one read and writes nothing. */
  async reserve(
    { runId }: InputOf<typeof ReserveDailyRun>,
    context: CommandContext,
  ): Promise<CommandOutcome<DailyRuns, RefusalOf<typeof ReserveDailyRun>>> {
    const { workspaceId, occurredAt } = context;
    const plan = await this.plans.planOf(workspaceId);
    const cap = dailyCap(plan);
    const day = utcDayOf(occurredAt);
    if (cap === undefined) return uncounted(plan, day);
    const data = { workspaceId, day, runId, cap, reservedAt: occurredAt };
    const stream = allowanceStream(workspaceId, day);
    const outcome = await this.handler.handle(allowances, stream, { type: 'ReserveDailyRun', data }, context);
    if (outcome.status === 'refused') return outcome;
    const output = { plan, cap, used: outcome.state.runs.size, resetsAt: endOfDay(day) };
    return { status: 'accepted', output, position: outcome.position };
  }

  /** Answers `CountDailyRuns`. */
  async count(context: CommandContext): Promise<CommandOutcome<DailyRuns, never>> {
    const { workspaceId, occurredAt } = context;
    const plan = await this.plans.planOf(workspaceId);
    const cap = dailyCap(plan);
    const day = utcDayOf(occurredAt);
    if (cap === undefined) return uncounted(plan, day);
    const name = allowanceStream(workspaceId, day);
    const { state } = await this.handler.load(allowances, { tenant: workspaceId, name });
    const output = { plan, cap, used: state.runs.size, resetsAt: endOfDay(day) };
    return { status: 'accepted', output, position: undefined };
  }
}

function uncounted(plan: Plan, day: string): CommandOutcome<DailyRuns, never> {
  return { status: 'accepted', output: { plan, resetsAt: endOfDay(day) }, position: undefined };
}

function allowanceStream(workspaceId: string, day: string): string {
  return `allowance-${keyOf(workspaceId)}-${day}`;
}
