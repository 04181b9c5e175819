import type { NewTimer } from '@runledger/timers';

export const SCHEDULE_TIMER = 'schedule';

export function scheduleTimerName(tenant: string, scheduleId: string): string {
  return `schedule:${tenant}:${scheduleId}`;
}

/** The one timer of a schedule: its next firing. */
export function scheduleTimer(tenant: string, scheduleId: string, dueAt: string): NewTimer {
  return { name: scheduleTimerName(tenant, scheduleId), kind: SCHEDULE_TIMER, tenant, payload: { scheduleId }, dueAt };
}
