import { DailyRunReserved, type AllowanceEvent } from '@runledger/contracts';
import { isRejection } from '@runledger/kernel';
import { specify } from '@runledger/testing';
import fc from 'fast-check';
import { allowances, type ReserveDailyRun } from './allowance.decider.js';
import { dailyCap, endOfDay, utcDayOf } from './daily-cap.js';

const given = specify(allowances);
const asked = (runId: string, cap = 2) => ({
  workspaceId: 'ws_acme',
  day: '2026-11-21',
  runId,
  cap,
  reservedAt: '2026-11-21T10:00:00.000Z',
});
const reserve = (runId: string, cap = 2): ReserveDailyRun => ({ type: 'ReserveDailyRun', data: asked(runId, cap) });
const reserved = (runId: string, used: number, cap = 2) => DailyRunReserved({ ...asked(runId, cap), used });

describe('the starts of a workspace on one day', () => {
  it('are as many as its plan says', () => {
    expect([dailyCap('free'), dailyCap('team'), dailyCap('business')]).toEqual([5, 20, undefined]);
  });

  it('are given out until the cap is reached, and not one more', () => {
    given().when(reserve('run_1')).thenEmits(reserved('run_1', 1));
    given(reserved('run_1', 1)).when(reserve('run_2')).thenEmits(reserved('run_2', 2));
    given(reserved('run_1', 1), reserved('run_2', 2)).when(reserve('run_3')).thenRejects('DAILY_RUN_LIMIT');
  });

  it('count a run once, however often it asks, also when all are used', () => {
    given(reserved('run_1', 1)).when(reserve('run_1')).thenNothing();
    given(reserved('run_1', 1), reserved('run_2', 2)).when(reserve('run_2')).thenNothing();
  });

  it('follow the plan: a larger one gives room at once, a smaller one takes nothing back', () => {
    const two = [reserved('run_1', 1), reserved('run_2', 2)];
    given(...two)
      .when(reserve('run_3', 3))
      .thenEmits(reserved('run_3', 3, 3));
    given(...two)
      .when(reserve('run_3', 1))
      .thenRejects('DAILY_RUN_LIMIT');
  });

  it('say to whom is refused how many there are, how many are used and when there are new ones', () => {
    const state = [reserved('run_1', 1), reserved('run_2', 2)].reduce(
      (now, event) => allowances.evolve(now, event),
      allowances.initialState(),
    );
    const refusal = allowances.decide(reserve('run_3'), state);
    expect(refusal).toMatchObject({
      message:
        'All 2 runs of this workspace’s plan for 2026-11-21 are used; the next day begins at 2026-11-22T00:00:00.000Z.',
      details: [
        { path: 'cap', message: '2' },
        { path: 'used', message: '2' },
        { path: 'resetsAt', message: '2026-11-22T00:00:00.000Z' },
      ],
    });
  });

  it('never exceed the cap, in whatever order runs ask, again or anew', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 30 })), fc.integer({ min: 0, max: 8 }), (runs, cap) => {
        let state = allowances.initialState();
        const got = new Set<number>();
        for (const run of runs) {
          const decision = allowances.decide(reserve(`run_${run}`, cap), state);
          if (isRejection(decision)) {
            expect([got.size, got.has(run)]).toEqual([cap, false]);
            continue;
          }
          expect(decision.length).toBe(got.has(run) ? 0 : 1);
          got.add(run);
          state = decision.reduce((now, event: AllowanceEvent) => allowances.evolve(now, event), state);
        }
        expect(got.size).toBe(Math.min(cap, new Set(runs).size));
      }),
    );
  });

  it('belong to the day in UTC, wherever the clock that said it stands', () => {
    expect(utcDayOf('2026-11-21T23:59:59.999Z')).toBe('2026-11-21');
    expect(utcDayOf('2026-11-21T23:30:00.000-05:00')).toBe('2026-11-22');
    expect(endOfDay('2028-02-28')).toBe('2028-02-29T00:00:00.000Z');
    expect(endOfDay('2026-12-31')).toBe('2027-01-01T00:00:00.000Z');
  });
});
