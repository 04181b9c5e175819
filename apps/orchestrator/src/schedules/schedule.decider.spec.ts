import { ScheduleCreated, ScheduleDeleted, ScheduleFired, SchedulePaused, ScheduleResumed } from '@runledger/contracts';
import type { ScheduleEvent } from '@runledger/contracts';
import { specify } from '@runledger/testing';
import { schedule } from './schedule.decider.js';

const given = specify(schedule);
const scheduleId = 'sched_1';
const ada = { kind: 'member' as const, id: 'mem_ada' };
const [MON, TUE, WED] = ['2026-01-05T09:00:00.000Z', '2026-01-06T09:00:00.000Z', '2026-01-07T09:00:00.000Z'];
const plan = {
  ...{ scheduleId, name: 'Daily', expression: '0 9 * * *', recurrence: { cron: '0 9 * * *', timeZone: 'UTC' } },
  catchUp: { policy: 'ONE' as const, max: 1 },
  start: { flow: 'demo', parameters: {}, choices: {} },
  ...{ nextFireAt: MON, createdBy: ada, createdAt: '2026-01-04T12:00:00.000Z' },
};
const created = ScheduleCreated(plan);
const at = '2026-01-04T13:00:00.000Z';
const paused = SchedulePaused({ scheduleId, by: ada, pausedAt: at });
const deleted = ScheduleDeleted({ scheduleId, by: ada, deletedAt: at });
const run = (scheduledFor: string) => ({ scheduledFor, runId: `run_${scheduledFor}` });
const firedOn = (instant: string, nextFireAt?: string) =>
  ScheduleFired({
    ...{ scheduleId, by: 'time', firings: [run(instant)], skipped: 0, firedAt: instant },
    ...(nextFireAt === undefined ? {} : { nextFireAt }),
  });
const pause = { type: 'PauseSchedule' as const, data: { scheduleId, by: ada, at } };
const remove = { type: 'DeleteSchedule' as const, data: { scheduleId, by: ada, at } };
const resume = (nextFireAt?: string) => ({
  type: 'ResumeSchedule' as const,
  data: { scheduleId, by: ada, at, nextFireAt },
});
const record = (due: string, nextFireAt?: string) => ({
  type: 'RecordFiring' as const,
  data: { scheduleId, due, firings: [run(due)], skipped: 0, at: due, nextFireAt },
});
const byHand = { type: 'RecordFiringByHand' as const, data: { scheduleId, firings: [run(at)], at } };

describe('a schedule', () => {
  it('is made once', () => {
    given().when({ type: 'CreateSchedule', data: plan }).thenEmits(created);
    given(created).when({ type: 'CreateSchedule', data: plan }).thenEmits();
  });

  it('moves on to its next time when it has fired', () => {
    given(created).when(record(MON, TUE)).thenEmits(firedOn(MON, TUE));
    given(created, firedOn(MON, TUE)).when(record(TUE, WED)).thenEmits(firedOn(TUE, WED));
  });

  it('records a time once, however often its timer fires (R1)', () => {
    given(created, firedOn(MON, TUE)).when(record(MON, TUE)).thenEmits();
  });

  it('ends when nothing is left to fire', () => {
    given(created).when(record(MON)).thenEmits(firedOn(MON));
    given(created, firedOn(MON)).when(record(MON)).thenEmits();
    given(created, firedOn(MON)).when(pause).thenRejects('SCHEDULE_ENDED');
    given(created, firedOn(MON)).when(resume(TUE)).thenRejects('SCHEDULE_ENDED');
  });

  it('is paused and resumed; what fell between is not caught up', () => {
    given(created).when(pause).thenEmits(paused);
    given(created, paused).when(pause).thenEmits();
    const resumed = ScheduleResumed({ scheduleId, by: ada, resumedAt: at, nextFireAt: WED });
    given(created, paused).when(resume(WED)).thenEmits(resumed);
    given(created).when(resume(WED)).thenEmits();
    given(created, paused, resumed).when(record(MON, TUE)).thenEmits();
  });

  it('has ended when it is resumed after its end', () => {
    const resumed = ScheduleResumed({ scheduleId, by: ada, resumedAt: at });
    given(created, paused).when(resume()).thenEmits(resumed);
    given(created, paused, resumed).when(pause).thenRejects('SCHEDULE_ENDED');
  });

  it('keeps what a firing did that was under way while it was paused', () => {
    given(created, paused).when(record(MON, TUE)).thenEmits(firedOn(MON, TUE));
    given(created, paused, firedOn(MON, TUE)).when(pause).thenEmits();
    given(created, paused, firedOn(MON, TUE)).when(record(MON, TUE)).thenEmits();
    given(created, paused, firedOn(MON, TUE)).when(record(TUE, WED)).thenEmits(firedOn(TUE, WED));
  });

  it('can be fired by hand at any time, and its times stay as they are', () => {
    const hand = (nextFireAt?: string) =>
      ScheduleFired({
        ...{ scheduleId, by: 'hand', firings: [run(at)], skipped: 0, firedAt: at },
        ...(nextFireAt === undefined ? {} : { nextFireAt }),
      });
    given(created).when(byHand).thenEmits(hand(MON));
    given(created, paused).when(byHand).thenEmits(hand(MON));
    given(created, firedOn(MON)).when(byHand).thenEmits(hand());
    given(created, hand(MON)).when(record(MON, TUE)).thenEmits(firedOn(MON, TUE));
  });

  it('keeps what it starts and when, whatever happens to its times', () => {
    const { recurrence, catchUp, start, createdBy } = plan;
    const kept = { scheduleId, recurrence, catchUp, start, createdBy };
    const after = (...events: readonly ScheduleEvent[]) =>
      events.reduce((state, event) => schedule.evolve(state, event), schedule.initialState());
    expect(after(created)).toEqual({ status: 'active', plan: kept, nextFireAt: MON });
    expect(after(created, paused, firedOn(MON, TUE))).toEqual({ status: 'paused', plan: kept, nextFireAt: TUE });
    expect(after(created, firedOn(MON))).toEqual({ status: 'ended', plan: kept });
  });

  it('is gone when it was deleted', () => {
    given(created, paused).when(remove).thenEmits(deleted);
    for (const command of [remove, pause, resume(WED), record(MON, TUE), byHand]) {
      given(created, deleted).when(command).thenRejects('SCHEDULE_NOT_FOUND');
    }
    given().when(pause).thenRejects('SCHEDULE_NOT_FOUND');
    given(created, deleted).when({ type: 'CreateSchedule', data: plan }).thenEmits();
  });
});
