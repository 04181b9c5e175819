// What this service counts: runs and money per workspace and day (UTC). The handler says what an event changes; that each event
// changes it exactly once, after crashes too and with several copies at work, is the affair of the SDK.
import { defineConsumer, defineService } from '@runledger/sdk';

/** The column that an event raises by one. */
const COUNTED = {
  RunStarted: 'started',
  RunCompleted: 'completed',
  RunFailed: 'failed',
  RunRejected: 'rejected',
  RunCancelled: 'cancelled',
};

const counter = defineConsumer({
  name: 'daily-digest',
  events: [...Object.keys(COUNTED), 'ChargeRecorded'],
  handle: async ({ type, tenant, data, metadata }, effects) => {
    const column = COUNTED[type] ?? (data.amountMicroUnits === null ? 'unpriced' : 'spent_micro_units');
    const amount = column === 'spent_micro_units' ? data.amountMicroUnits : 1;
    await effects.query(
      `insert into day (workspace, day, ${column}) values ($1, $2, $3)
       on conflict (workspace, day) do update set ${column} = day.${column} + excluded.${column}`,
      [tenant, metadata.occurredAt.slice(0, 10), amount],
    );
  },
});

export const dailyDigest = defineService({
  name: 'daily-digest',
  consumers: [counter],
  migrations: [
    {
      name: '0001-day',
      sql: `create table day (
        workspace text, day date, started int not null default 0, completed int not null default 0,
        failed int not null default 0, rejected int not null default 0, cancelled int not null default 0,
        spent_micro_units bigint not null default 0, unpriced int not null default 0, posted_at timestamptz,
        primary key (workspace, day))`,
    },
  ],
});
