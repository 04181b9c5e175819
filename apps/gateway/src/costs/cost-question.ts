export const COST_DIMENSIONS = ['DAY', 'FLOW', 'STEP', 'RUN', 'MEMBER', 'PROVIDER', 'MODEL', 'RESOURCE_CLASS'] as const;
export type CostDimension = (typeof COST_DIMENSIONS)[number];

export interface CostFilter {
  readonly flowId?: string | null;
  readonly runId?: string | null;
  readonly step?: string | null;
  readonly memberId?: string | null;
  readonly provider?: string | null;
  readonly model?: string | null;
}

/** What is asked about costs. `from` inclusive, `to` exclusive. */
export interface CostQuestion {
  readonly workspaceId: string;
  readonly range: { readonly from: string; readonly to: string };
  readonly groupBy: readonly CostDimension[];
  readonly filter: CostFilter;
}

const COLUMN: Readonly<Record<CostDimension, string>> = {
  DAY: 'c.day::text',
  FLOW: 'flow_id',
  STEP: 'c.step',
  RUN: 'c.run_id',
  MEMBER: 'member_id',
  PROVIDER: 'c.provider',
  MODEL: "CASE WHEN c.model = '' THEN '' ELSE c.provider || '/' || c.model END",
  RESOURCE_CLASS: 'c.resource_class',
};

const FILTERS: Readonly<Record<keyof CostFilter, string>> = {
  flowId: 'flow_id',
  runId: 'c.run_id',
  step: 'c.step',
  memberId: 'member_id',
  provider: 'c.provider',
  model: 'c.model',
};

export interface Sql {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Days have their sums; runs, and ranges that cut a day, are added up from their charges. */
export function sumsOf({ workspaceId, range, groupBy, filter }: CostQuestion): Sql {
  const dimensions = [...new Set(groupBy)];
  const byCharge = dimensions.includes('RUN') || filter.runId != null || !isWholeDays(range);
  const values: unknown[] = [workspaceId, range.from, range.to];
  const wanted = filters(filter, values);
  const keys = dimensions.map((dimension, at) => `${COLUMN[dimension]} AS k${at}`);
  const places = [...keys.map((_key, at) => `${at + 1}`), `${keys.length + 1}`].join(', ');
  const sums = byCharge
    ? 'coalesce(sum(c.amount), 0)::text AS amount, count(*)::int AS charges, count(*) FILTER (WHERE c.amount IS NULL)::int AS unpriced'
    : 'sum(c.amount)::text AS amount, sum(c.charges)::int AS charges, sum(c.unpriced)::int AS unpriced';
  const text = `SELECT ${[...keys, 'c.currency AS currency', sums].join(', ')} FROM ${byCharge ? CHARGES : DAYS}
    WHERE c.workspace_id = $1 AND ${byCharge ? 'c.used_at >= $2 AND c.used_at < $3' : 'c.day >= $2::date AND c.day < $3::date'}
    ${wanted} GROUP BY ${places} ORDER BY ${places}`;
  return { text, values };
}

export function filters(filter: CostFilter, values: unknown[]): string {
  return (Object.keys(FILTERS) as (keyof CostFilter)[])
    .flatMap(name => {
      const value = filter[name];
      if (value == null) return [];
      values.push(value);
      return [`AND ${FILTERS[name]} = $${values.length}`];
    })
    .join(' ');
}

const DAYS = 'cost_days AS c';
export const CHARGES = 'charges AS c LEFT JOIN charged_runs AS r USING (workspace_id, run_id)';

function isWholeDays({ from, to }: CostQuestion['range']): boolean {
  return [from, to].every(instant => instant.endsWith('T00:00:00.000Z'));
}
