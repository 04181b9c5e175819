import {
  ScheduleCreated,
  ScheduleDeleted,
  scheduleEvents,
  ScheduleFired,
  SchedulePaused,
  ScheduleResumed,
} from '@runledger/contracts';
import type { CatchUp, Recurrence, ScheduledStart, ScheduleEvent, ScheduleFiring } from '@runledger/contracts';
import { reject, type Decider, type Rejection } from '@runledger/kernel';

type Created = ReturnType<typeof ScheduleCreated>['data'];
type By = Created['createdBy'];

interface Asked {
  readonly scheduleId: string;
  readonly by: By;
  readonly at: string;
}

interface FiringRecord {
  readonly scheduleId: string;
  readonly firings: readonly ScheduleFiring[];
  readonly at: string;
}

export type ScheduleCommand =
  | { readonly type: 'CreateSchedule'; readonly data: Created }
  | { readonly type: 'PauseSchedule'; readonly data: Asked }
  | { readonly type: 'ResumeSchedule'; readonly data: Asked & { readonly nextFireAt: string | undefined } }
  | { readonly type: 'DeleteSchedule'; readonly data: Asked }
  /** `due`: the firing that the timer was set for. What the schedule has passed already is not recorded again. */
  | {
      readonly type: 'RecordFiring';
      readonly data: FiringRecord & {
        readonly due: string;
        readonly skipped: number;
        readonly nextFireAt: string | undefined;
      };
    }
  | { readonly type: 'RecordFiringByHand'; readonly data: FiringRecord };

/** What a schedule is about; the same in each of its states. */
export interface SchedulePlan {
  readonly scheduleId: string;
  readonly recurrence: Recurrence;
  readonly catchUp: CatchUp;
  readonly start: ScheduledStart;
  readonly createdBy: By;
}

export type Schedule =
  | { readonly status: 'absent' }
  | { readonly status: 'active' | 'paused'; readonly plan: SchedulePlan; readonly nextFireAt: string }
  | { readonly status: 'ended'; readonly plan: SchedulePlan }
  | { readonly status: 'deleted' };

export type ScheduleRefusal = Rejection<'SCHEDULE_NOT_FOUND' | 'SCHEDULE_ENDED'>;

/** When runs of a flow are started, and which of these times have passed. */
export const schedule: Decider<ScheduleCommand, Schedule, ScheduleEvent, ScheduleRefusal> = {
  category: 'schedule',
  events: scheduleEvents,
  initialState: () => ({ status: 'absent' }),
  evolve: (state, event) => {
    switch (event.type) {
      case 'ScheduleCreated':
        return { status: 'active', plan: planOf(event.data), nextFireAt: event.data.nextFireAt };
      case 'SchedulePaused':
        return state.status === 'active' ? { ...state, status: 'paused' } : state;
      case 'ScheduleResumed':
        return 'plan' in state ? standing('active', state.plan, event.data.nextFireAt) : state;
      case 'ScheduleFired':
        if (event.data.by === 'hand' || (state.status !== 'active' && state.status !== 'paused')) return state;
        return standing(state.status, state.plan, event.data.nextFireAt);
      case 'ScheduleDeleted':
        return { status: 'deleted' };
    }
  },
  decide: (command, state) => {
    if (command.type === 'CreateSchedule') return state.status === 'absent' ? [ScheduleCreated(command.data)] : [];
    if (state.status === 'absent' || state.status === 'deleted') return notFound();
    switch (command.type) {
      case 'PauseSchedule':
        return pause(command.data, state);
      case 'ResumeSchedule':
        return resume(command.data, state);
      case 'DeleteSchedule': {
        const { scheduleId, by, at } = command.data;
        return [ScheduleDeleted({ scheduleId, by, deletedAt: at })];
      }
      case 'RecordFiring':
        return record(command.data, state);
      case 'RecordFiringByHand':
        return recordByHand(command.data, state);
    }
  },
};

type Living = Exclude<Schedule, { readonly status: 'absent' | 'deleted' }>;

function pause({ scheduleId, by, at }: Asked, state: Living) {
  if (state.status === 'ended') return ended();
  return state.status === 'paused' ? [] : [SchedulePaused({ scheduleId, by, pausedAt: at })];
}

function resume(
  { scheduleId, by, at, nextFireAt }: Asked & { readonly nextFireAt: string | undefined },
  state: Living,
) {
  if (state.status === 'ended') return ended();
  if (state.status === 'active') return [];
  return [ScheduleResumed({ scheduleId, by, resumedAt: at, ...(nextFireAt === undefined ? {} : { nextFireAt }) })];
}

function record(
  data: Extract<ScheduleCommand, { readonly type: 'RecordFiring' }>['data'],
  state: Living,
): readonly ScheduleEvent[] {
  if (state.status === 'ended' || state.nextFireAt !== data.due) return [];
  const { scheduleId, firings, skipped, at, nextFireAt } = data;
  const next = nextFireAt === undefined ? {} : { nextFireAt };
  return [ScheduleFired({ scheduleId, by: 'time', firings: [...firings], skipped, firedAt: at, ...next })];
}

function recordByHand({ scheduleId, firings, at }: FiringRecord, state: Living): readonly ScheduleEvent[] {
  const next = state.status === 'ended' ? {} : { nextFireAt: state.nextFireAt };
  return [ScheduleFired({ scheduleId, by: 'hand', firings: [...firings], skipped: 0, firedAt: at, ...next })];
}

function standing(status: 'active' | 'paused', plan: SchedulePlan, nextFireAt: string | undefined): Schedule {
  return nextFireAt === undefined ? { status: 'ended', plan } : { status, plan, nextFireAt };
}

function planOf({ scheduleId, recurrence, catchUp, start, createdBy }: Created): SchedulePlan {
  return { scheduleId, recurrence, catchUp, start, createdBy };
}

function notFound(): ScheduleRefusal {
  return reject('SCHEDULE_NOT_FOUND', 'There is no such schedule.', { fix: 'Look at the list of schedules.' });
}

function ended(): ScheduleRefusal {
  return reject('SCHEDULE_ENDED', 'This schedule has fired for the last time.', { fix: 'Create another one.' });
}
