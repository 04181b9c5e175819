import type { ScheduleFiring } from '@runledger/contracts';
import { derivedId } from '@runledger/event-store';
import type { Actor, CommandContext, CommandHandler } from '@runledger/event-store';
import { RetryableError, streamOf } from '@runledger/kernel';
import { defineTimer, firingContext } from '@runledger/timers';
import type { Firing, TimerKind, Timers } from '@runledger/timers';
import { ORCHESTRATOR } from '../runs/orchestrator-actor.js';
import type { RunStarter } from '../runs/run-starter.js';
import { toStart } from './catch-up.js';
import { firingsBetween, nextAfter } from './recurrence.js';
import { schedule } from './schedule.decider.js';
import type { SchedulePlan } from './schedule.decider.js';
import { SCHEDULE_TIMER, scheduleTimer } from './schedule-timers.js';

export interface FiringParts {
  readonly handler: CommandHandler;
  readonly starter: Pick<RunStarter, 'start'>;
  readonly timers: Timers;
}

/** A run could not be started for a reason that passes: the timer fires again. */
class NotStartedYetError extends RetryableError {
  constructor(scheduleId: string, code: string) {
    super('SCHEDULED_START_WAITS', `Schedule ${scheduleId} could not start its run yet (${code}); it is tried again.`, {
      fields: { scheduleId, code },
    });
  }
}

/**
 * The time of a schedule has come. Each instant that it stands for starts one run, however often and wherever it fires (R1): the
 * run's idempotency key and the id of its command derive from the schedule and the instant.
 */
export function scheduleFirings(parts: FiringParts): TimerKind {
  return defineTimer(SCHEDULE_TIMER, firing => fire(firing, parts));
}

async function fire(firing: Firing, { handler, starter, timers }: FiringParts): Promise<void> {
  const { scheduleId } = firing.payload as { readonly scheduleId: string };
  const stream = streamOf('schedule', scheduleId);
  const { state } = await handler.load(schedule, { tenant: firing.tenant, name: stream });
  if (state.status !== 'active') return;
  // A reaction that was repeated has set the timer to a time that has passed.
  if (state.nextFireAt !== firing.dueAt) return timers.set(scheduleTimer(firing.tenant, scheduleId, state.nextFireAt));
  const { recurrence, catchUp } = state.plan;
  const due = firingsBetween(recurrence, firing.dueAt, firing.firedAt);
  const { started, skipped } = toStart(due, catchUp, firing.firedAt);
  const firings: ScheduleFiring[] = [];
  for (const instant of started) firings.push(await startAt(instant, { plan: state.plan, firing, starter }));
  const nextFireAt = nextAfter(recurrence, firing.firedAt);
  const data = { scheduleId, due: firing.dueAt, firings, skipped, at: firing.firedAt, nextFireAt };
  const context = firingContext(firing, { actor: ORCHESTRATOR, correlationId: scheduleId });
  await handler.handle(schedule, stream, { type: 'RecordFiring', data }, context);
}

interface Start {
  readonly plan: SchedulePlan;
  readonly firing: Firing;
  readonly starter: Pick<RunStarter, 'start'>;
}

async function startAt(instant: string, { plan, firing, starter }: Start): Promise<ScheduleFiring> {
  const { scheduleId, start, createdBy } = plan;
  const request = {
    ...start,
    trigger: { kind: 'schedule' as const, ref: scheduleId },
    idempotencyKey: `schedule ${scheduleId} ${instant}`,
  };
  const context: CommandContext = {
    ...firingContext(firing, { actor: onBehalfOf(createdBy), correlationId: scheduleId }),
    commandId: derivedId(scheduleId, instant, 0),
  };
  const outcome = await starter.start(request, context);
  if (outcome.status === 'accepted') return { scheduledFor: instant, runId: outcome.output.runId };
  const code = outcome.refusal.rejected;
  if (code === 'PLATFORM_STARTING') throw new NotStartedYetError(scheduleId, code);
  return { scheduledFor: instant, declined: code };
}

/** The schedule starts runs for whoever made it. */
function onBehalfOf({ kind, id, name }: SchedulePlan['createdBy']): Actor {
  return { kind, id, ...(name === undefined ? {} : { name }), via: 'schedule' };
}
