import { allowanceEvents, DailyRunReserved } from '@runledger/contracts';
import type { AllowanceEvent } from '@runledger/contracts';
import { reject } from '@runledger/kernel';
import type { Decider, Rejection } from '@runledger/kernel';
import { endOfDay } from './daily-cap.js';

export interface ReserveDailyRun {
  readonly type: 'ReserveDailyRun';
  readonly data: Omit<ReturnType<typeof DailyRunReserved>['data'], 'used'>;
}

/** The runs that have a start of this day. */
export interface Allowance {
  readonly runs: ReadonlySet<string>;
}

export type AllowanceRefusal = Rejection<'DAILY_RUN_LIMIT'>;

/**
 * The starts of one workspace on one day. They are one stream, and a start is appended at the revision that it was decided
 * on: of many at once, on however many processes, no two are ever given the same place, and none is given beyond the cap.
 */
export const allowances: Decider<ReserveDailyRun, Allowance, AllowanceEvent, AllowanceRefusal> = {
  category: 'allowance',
  events: allowanceEvents,
  initialState: () => ({ runs: new Set() }),
  evolve: ({ runs }, event) => ({ runs: new Set(runs).add(event.data.runId) }),
  decide: ({ data }, { runs }) => {
    if (runs.has(data.runId)) return [];
    if (runs.size >= data.cap) return usedUp(data, runs.size);
    return [DailyRunReserved({ ...data, used: runs.size + 1 })];
  },
};

function usedUp({ cap, day }: ReserveDailyRun['data'], used: number): AllowanceRefusal {
  const resetsAt = endOfDay(day);
  const message = `All ${cap} runs of this workspace’s plan for ${day} are used; the next day begins at ${resetsAt}.`;
  const detail = (path: string, value: string | number) => ({ path, message: String(value) });
  return reject('DAILY_RUN_LIMIT', message, {
    fix: 'Start it again after that, or put the workspace on a larger plan.',
    details: [detail('cap', cap), detail('used', used), detail('resetsAt', resetsAt)],
  });
}
