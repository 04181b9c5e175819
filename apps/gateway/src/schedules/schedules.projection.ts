import { scheduleEvents } from '@runledger/contracts';
import type { ScheduleCreated, ScheduleEvent, ScheduleFiring } from '@runledger/contracts';
import type { EventOf } from '@runledger/kernel';
import { defineView } from '@runledger/projections';
import { keyIn } from '../reads/row-key.js';

type Created = EventOf<readonly [typeof ScheduleCreated]>['data'];

export interface ShownFiring extends ScheduleFiring {
  readonly by: 'time' | 'hand';
  readonly firedAt: string;
}

export interface ScheduleView extends Omit<Created, 'nextFireAt'> {
  readonly status: 'ACTIVE' | 'PAUSED' | 'ENDED';
  readonly nextFireAt?: string;
  /** The newest first. */
  readonly firings: readonly ShownFiring[];
  /** Of all times. */
  readonly skipped: number;
}

const MOST_FIRINGS = 20;

/** Which schedules there are, when they fire next and what they started. Run whole: a story is a schedule's, not a run's. */
export const schedulesProjection = defineView<ScheduleView, ScheduleEvent>({
  name: 'schedules',
  version: 1,
  table: 'schedules',
  types: scheduleEvents.map(event => event.type),
  key: event => keyIn(event.tenant, event.data.scheduleId),
  evolve: (view, event) => {
    if (event.type === 'ScheduleCreated') return { ...event.data, status: 'ACTIVE', firings: [], skipped: 0 };
    if (!view) return undefined;
    switch (event.type) {
      case 'SchedulePaused':
        return { ...view, status: 'PAUSED' };
      case 'ScheduleResumed':
        return standing({ ...view, status: 'ACTIVE' }, event.data.nextFireAt);
      case 'ScheduleFired': {
        const { firings, skipped, by, firedAt, nextFireAt } = event.data;
        const shown = firings.map(firing => ({ ...firing, by, firedAt })).reverse();
        const kept = [...shown, ...view.firings].slice(0, MOST_FIRINGS);
        const fired = { ...view, firings: kept, skipped: view.skipped + skipped };
        return by === 'hand' ? fired : standing(fired, nextFireAt);
      }
      case 'ScheduleDeleted':
        return undefined;
    }
  },
  columns: (view, key) => ({ workspace_id: key.slice(0, key.indexOf('/')), schedule_id: view.scheduleId }),
});

function standing(view: ScheduleView, nextFireAt: string | undefined): ScheduleView {
  const { nextFireAt: _passed, ...rest } = view;
  return nextFireAt === undefined ? { ...rest, status: 'ENDED' } : { ...rest, nextFireAt };
}
