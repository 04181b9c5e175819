import { scheduleEvents } from '@runledger/contracts';
import type { ScheduleEvent } from '@runledger/contracts';
import type { RecordedEvent } from '@runledger/event-store';
import type { Reactor } from '@runledger/messaging';
import type { Timers } from '@runledger/timers';
import { scheduleTimer, scheduleTimerName } from './schedule-timers.js';

/** Keeps the timer of each schedule at its next firing. Doing it again sets the same timer (R1). */
export function scheduleTimers(timers: Timers): Reactor {
  return {
    name: 'orchestrator.schedule-timers',
    types: scheduleEvents.map(({ type }) => type),
    react: recorded => follow(recorded, timers),
  };
}

async function follow(recorded: RecordedEvent, timers: Timers): Promise<void> {
  const event = recorded as unknown as ScheduleEvent;
  const { scheduleId } = event.data;
  switch (event.type) {
    case 'ScheduleCreated':
    case 'ScheduleResumed':
      return set(recorded.tenant, event.data, timers);
    case 'ScheduleFired':
      return event.data.by === 'time' ? set(recorded.tenant, event.data, timers) : undefined;
    case 'SchedulePaused':
    case 'ScheduleDeleted':
      return timers.cancel(scheduleTimerName(recorded.tenant, scheduleId));
  }
}

async function set(
  tenant: string,
  { scheduleId, nextFireAt }: { readonly scheduleId: string; readonly nextFireAt?: string | undefined },
  timers: Timers,
): Promise<void> {
  if (nextFireAt !== undefined) await timers.set(scheduleTimer(tenant, scheduleId, nextFireAt));
}
