import { actorNode } from '../graph/nodes.js';
import type { ScheduleView, ShownFiring } from './schedules.projection.js';

export type ScheduleNode = ReturnType<typeof scheduleNode>;

export function scheduleNode(view: ScheduleView) {
  const { scheduleId, name, status, expression, recurrence, catchUp, start, firings, skipped } = view;
  return {
    __typename: 'Schedule' as const,
    ...{ id: scheduleId, name, status, expression, skipped },
    ...{ cron: recurrence.cron, timeZone: recurrence.timeZone, everyWeeks: recurrence.weeks?.every ?? 1 },
    everyDays: recurrence.days?.every ?? 1,
    startAt: recurrence.startAt ?? null,
    endAt: recurrence.endAt ?? null,
    catchUp: catchUp.policy,
    catchUpMax: catchUp.max,
    flowVersion: start.version ?? null,
    parameters: start.parameters,
    nextFireAt: view.nextFireAt ?? null,
    firings: firings.map(firingNode),
    createdBy: actorNode(view.createdBy),
    createdAt: view.createdAt,
    /** For the field resolvers. */
    flowSlug: start.flow,
    weeks: recurrence.weeks,
    days: recurrence.days,
  };
}

function firingNode({ scheduledFor, firedAt, by, runId, declined }: ShownFiring) {
  return { scheduledFor, firedAt, byHand: by === 'hand', runId: runId ?? null, declined: declined ?? null };
}
