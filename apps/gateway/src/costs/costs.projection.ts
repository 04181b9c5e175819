import { ChargeRecorded, RunStarted } from '@runledger/contracts';
import type { RecordedEvent } from '@runledger/event-store';
import type { EventOf } from '@runledger/kernel';
import type { Projection, Recorded } from '@runledger/projections';
import type { EntityManager } from 'typeorm';

type CostEvent = EventOf<readonly [typeof ChargeRecorded, typeof RunStarted]>;

const ADD_RUNS = `
  INSERT INTO charged_runs (workspace_id, run_id, flow_id, flow_version, member_id, started_at)
  SELECT workspace_id, run_id, flow_id, flow_version, member_id, started_at FROM json_to_recordset($1::json) AS r(
    workspace_id text, run_id text, flow_id text, flow_version int, member_id text, started_at timestamptz)
  ON CONFLICT DO NOTHING`;

const COLUMNS = `workspace_id, charge_id, usage_id, run_id, step, attempt, kind, provider, model, resource_class, amount, currency,
  rate_card_version, note, used_at, day, position`;

/** A charge that is there already is added to no sum again (R1). */
const ADD_CHARGES = `
  WITH added AS (
    INSERT INTO charges (${COLUMNS})
    SELECT ${COLUMNS} FROM json_to_recordset($1::json) AS r(
      workspace_id text, charge_id text, usage_id text, run_id text, step text, attempt int, kind text, provider text, model text,
      resource_class text, amount bigint, currency text, rate_card_version int, note text, used_at timestamptz, day date,
      position bigint)
    ON CONFLICT DO NOTHING RETURNING *)
  INSERT INTO cost_days AS days (workspace_id, day, flow_id, step, kind, provider, model, resource_class, member_id, currency,
    amount, charges, unpriced)
  SELECT c.workspace_id, c.day, coalesce(r.flow_id, ''), c.step, c.kind, c.provider, c.model, c.resource_class,
    coalesce(r.member_id, ''), c.currency, coalesce(sum(c.amount), 0), count(*), count(*) FILTER (WHERE c.amount IS NULL)
  FROM added AS c LEFT JOIN charged_runs AS r USING (workspace_id, run_id)
  GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
  ON CONFLICT (workspace_id, day, flow_id, step, kind, provider, model, resource_class, member_id, currency) DO UPDATE
    SET amount = days.amount + excluded.amount, charges = days.charges + excluded.charges,
      unpriced = days.unpriced + excluded.unpriced`;

/**
 * Every charge, and the sums of each UTC day: both move together, so that every rollup equals the sum of the charges at every
 * position (M1). Run whole: the sums of a day are of many runs.
 */
export const costsProjection: Projection = {
  name: 'costs',
  version: 1,
  types: [RunStarted.type, ChargeRecorded.type],
  tables: ['charges', 'charged_runs', 'cost_days'],
  keyOf: event => event.metadata.correlationId,
  apply: async (recorded: readonly RecordedEvent[], rows: EntityManager) => {
    const events = recorded as readonly Recorded<CostEvent>[];
    const runs = events.flatMap(event => (event.type === 'RunStarted' ? [runRow(event)] : []));
    const charges = events.flatMap(event => (event.type === 'ChargeRecorded' ? [chargeRow(event)] : []));
    // A run begins before it costs anything.
    if (runs.length > 0) await rows.query(ADD_RUNS, [JSON.stringify(runs)]);
    if (charges.length > 0) await rows.query(ADD_CHARGES, [JSON.stringify(charges)]);
  },
};

function runRow({ tenant, data }: Extract<Recorded<CostEvent>, { type: 'RunStarted' }>) {
  const { runId, flowId, flowVersion, startedBy, startedAt } = data;
  return {
    workspace_id: tenant,
    run_id: runId,
    flow_id: flowId,
    flow_version: flowVersion,
    member_id: startedBy.id,
    started_at: startedAt,
  };
}

function chargeRow({ tenant, position, data }: Extract<Recorded<CostEvent>, { type: 'ChargeRecorded' }>) {
  return {
    workspace_id: tenant,
    charge_id: data.chargeId,
    usage_id: data.usageId,
    run_id: data.runId,
    step: data.step,
    attempt: data.attempt,
    kind: data.kind,
    provider: data.provider ?? '',
    model: data.model ?? '',
    resource_class: data.resourceClass ?? '',
    amount: data.amountMicroUnits,
    currency: data.currency,
    rate_card_version: data.rateCardVersion,
    note: data.note ?? null,
    used_at: data.usedAt,
    day: new Date(Date.parse(data.usedAt)).toISOString().slice(0, 10),
    position: position.toString(),
  };
}
