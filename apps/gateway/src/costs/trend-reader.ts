import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { READ_MODEL_SOURCE } from '../reads/read-model-source.js';
import { WINDOW, type RunCost, type StepCost } from './cost-trend.js';

interface Row extends Readonly<Record<'cost' | 'turns' | 'prompt' | 'cached' | 'output', string>> {
  readonly run_id: string;
  readonly flow_version: number;
  readonly started_at: Date;
  readonly step: string | null;
  readonly model: string | null;
  readonly attempts: number;
  readonly rate_card: string | null;
  readonly currency: string | null;
}

/** Runs that did all their work: others cost less for the wrong reason. */
const STEPS = `
  WITH latest AS (
    SELECT r.run_id, r.flow_version, r.started_at FROM charged_runs AS r
    JOIN runs AS one ON one.workspace_id = r.workspace_id AND one.run_id = r.run_id
    WHERE r.workspace_id = $1 AND r.flow_id = $2 AND one.status = 'COMPLETED' AND one.only_step IS NULL
    ORDER BY r.started_at DESC, r.run_id DESC LIMIT $3)
  SELECT latest.run_id, latest.flow_version, latest.started_at, c.step, max(c.currency) AS currency,
    string_agg(DISTINCT nullif(c.model, ''), ',') AS model, coalesce(sum(c.amount), 0) AS cost,
    count(*) FILTER (WHERE c.kind = 'model') AS turns, coalesce(max(c.attempt), 1)::int AS attempts,
    string_agg(DISTINCT c.rate_card_version::text, ',') FILTER (WHERE c.kind = 'model') AS rate_card,
    coalesce(sum(u.input_tokens + u.cache_read_tokens + u.cache_write_tokens + u.cache_write_1h_tokens), 0) AS prompt,
    coalesce(sum(u.cache_read_tokens), 0) AS cached, coalesce(sum(u.output_tokens + u.reasoning_tokens), 0) AS output
  FROM latest
  LEFT JOIN charges AS c ON c.workspace_id = $1 AND c.run_id = latest.run_id
  LEFT JOIN run_usage AS u ON u.workspace_id = $1 AND u.run_id = c.run_id AND u.usage_id = c.usage_id
  GROUP BY 1, 2, 3, 4 ORDER BY latest.started_at, latest.run_id, c.step`;

/** Reads what the last runs of a flow cost, step by step. */
@Injectable()
export class TrendReader {
  constructor(@Inject(READ_MODEL_SOURCE) private readonly rows: DataSource) {}

  /** Oldest first; those of the baseline before them as well. */
  async runs(
    workspaceId: string,
    flowId: string,
    last: number,
  ): Promise<{ readonly runs: readonly RunCost[]; readonly currency: string }> {
    const found = await this.rows.query<Row[]>(STEPS, [workspaceId, flowId, last + WINDOW]);
    const runs = new Map<string, RunCost & { readonly steps: StepCost[] }>();
    for (const row of found) {
      const { run_id: runId, flow_version: flowVersion, started_at: startedAt } = row;
      const known = runs.get(runId) ?? { runId, flowVersion, startedAt: startedAt.toISOString(), steps: [] };
      if (row.step !== null) known.steps.push(stepOf(row, row.step));
      runs.set(runId, known);
    }
    return { runs: [...runs.values()], currency: found.find(row => row.currency)?.currency ?? 'USD' };
  }
}

function stepOf(row: Row, step: string): StepCost {
  return {
    step,
    model: row.model ?? '',
    cost: Number(row.cost),
    turns: Number(row.turns),
    promptTokens: Number(row.prompt),
    cachedTokens: Number(row.cached),
    outputTokens: Number(row.output),
    attempts: row.attempts,
    rateCard: row.rate_card ?? '',
  };
}
