import type { Usage } from '@runledger/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { READ_MODEL_SOURCE } from '../reads/read-model-source.js';

/** What the last runs of a flow used, by step, summed over `runs` runs. */
export interface UsageHistory {
  readonly runs: number;
  readonly used: readonly { readonly step: string; readonly usage: Usage }[];
}

interface Row {
  readonly step: string;
  readonly kind: 'model' | 'compute';
  readonly provider: string;
  readonly model: string;
  readonly resource_class: string;
  readonly input: string;
  readonly output: string;
  readonly cache_read: string;
  readonly cache_write: string;
  readonly cache_write_1h: string;
  readonly reasoning: string;
  readonly ms: string;
}

/** Older runs say little about the next one. */
const LAST_RUNS = 20;

const LATEST = `
  SELECT run_id FROM runs
  WHERE workspace_id = $1 AND flow_id = $2 AND status = 'COMPLETED' AND only_step IS NULL
  ORDER BY started_at DESC LIMIT ${LAST_RUNS}`;

const USED = `
  SELECT step, kind, provider, model, resource_class, sum(input_tokens) AS input, sum(output_tokens) AS output,
    sum(cache_read_tokens) AS cache_read, sum(cache_write_tokens) AS cache_write,
    sum(cache_write_1h_tokens) AS cache_write_1h,
    sum(reasoning_tokens) AS reasoning, sum(milliseconds) AS ms
  FROM run_usage WHERE workspace_id = $1 AND run_id = ANY($2)
  GROUP BY step, kind, provider, model, resource_class ORDER BY step, kind, provider, model, resource_class`;

/** Reads what a flow's completed runs used. */
@Injectable()
export class UsageHistories {
  constructor(@Inject(READ_MODEL_SOURCE) private readonly rows: DataSource) {}

  async of(workspaceId: string, flowId: string): Promise<UsageHistory> {
    const latest = await this.rows.query<{ run_id: string }[]>(LATEST, [workspaceId, flowId]);
    const runs = latest.map(row => row.run_id);
    const found = runs.length === 0 ? [] : await this.rows.query<Row[]>(USED, [workspaceId, runs]);
    return { runs: runs.length, used: found.map(row => ({ step: row.step, usage: usageOf(row) })) };
  }
}

function usageOf(row: Row): Usage {
  if (row.kind === 'compute') {
    return { kind: 'compute', resourceClass: row.resource_class, milliseconds: Number(row.ms) };
  }
  return {
    kind: 'model',
    provider: row.provider,
    model: row.model,
    inputTokens: Number(row.input),
    outputTokens: Number(row.output),
    cacheReadTokens: Number(row.cache_read),
    cacheWriteTokens: Number(row.cache_write),
    cacheWrite1hTokens: Number(row.cache_write_1h),
    reasoningTokens: Number(row.reasoning),
  };
}
