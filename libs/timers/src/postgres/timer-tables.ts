import type { SchemaHistory } from '@runledger/event-store';

/** The schema in which a service keeps its timers. */
export function timerSchema(service: string): string {
  return `timers_${service}`;
}

/**
 * A timer is a row. `next_at` is when to look at it next: its due time, the end of the lease of who has begun it, or the end of a
 * back-off. Each set and each claim takes a new epoch of the sequence, so what was done under an older one finds nothing (R3),
 * even when a timer of that name has come back.
 */
const TIMERS = (schema: string) => `
  CREATE SEQUENCE ${schema}.timer_epoch;
  CREATE TABLE ${schema}.timer (
    name text PRIMARY KEY,
    kind text NOT NULL,
    tenant text NOT NULL,
    payload jsonb NOT NULL,
    due_at timestamptz NOT NULL,
    next_at timestamptz NOT NULL,
    epoch bigint NOT NULL,
    attempts int NOT NULL DEFAULT 0,
    failure text,
    parked_at timestamptz
  );
  CREATE INDEX timer_next ON ${schema}.timer (next_at) WHERE parked_at IS NULL;
  CREATE INDEX timer_parked ON ${schema}.timer (parked_at) WHERE parked_at IS NOT NULL;`;

/** The timers of a service: a schema of its own, so that no other service can set or cancel them. */
export function timersHistory(service: string): SchemaHistory {
  const schema = timerSchema(service);
  return { schema, migrations: [{ name: '0001-timers', sql: TIMERS(schema) }] };
}
