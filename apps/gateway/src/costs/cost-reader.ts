import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { joined, NO_COST, type CostSum } from '../runs/cost-sums.js';
import { READ_MODEL_SOURCE } from '../reads/read-model-source.js';
import { CHARGES, filters, sumsOf, type CostQuestion } from './cost-question.js';

/** The costs of one group; `keys` in the order of the dimensions, '' where a charge has none. */
export interface CostGroup {
  readonly keys: readonly string[];
  readonly sum: CostSum;
}

interface SumRow extends Readonly<Record<`k${number}`, string | null>> {
  readonly currency: string;
  readonly amount: string;
  readonly charges: number;
  readonly unpriced: number;
}

/** One charge as it is handed out. */
export interface ChargeLine {
  readonly charge_id: string;
  readonly usage_id: string;
  readonly used_at: Date;
  readonly run_id: string;
  readonly flow_id: string | null;
  readonly step: string;
  readonly attempt: number;
  readonly member_id: string | null;
  readonly kind: 'model' | 'compute';
  readonly provider: string;
  readonly model: string;
  readonly resource_class: string;
  readonly amount: string | null;
  readonly currency: string;
  readonly rate_card_version: number | null;
  readonly note: string | null;
}

export interface UnpricedRow {
  readonly provider: string;
  readonly model: string;
  readonly resource_class: string;
  readonly note: string | null;
  readonly charges: number;
  readonly runs: number;
  readonly last_used_at: Date;
}

const UNPRICED = `
  SELECT c.provider, c.model, c.resource_class, min(c.note) AS note, count(*)::int AS charges,
    count(DISTINCT c.run_id)::int AS runs, max(c.used_at) AS last_used_at
  FROM charges AS c WHERE c.workspace_id = $1 AND c.amount IS NULL AND c.used_at >= $2 AND c.used_at < $3
  GROUP BY 1, 2, 3 ORDER BY charges DESC, 1, 2, 3 LIMIT 200`;

/** Reads what was charged in one workspace. */
@Injectable()
export class CostReader {
  constructor(@Inject(READ_MODEL_SOURCE) private readonly rows: DataSource) {}

  /** Groups in the order of their keys. */
  async groups(question: CostQuestion): Promise<CostGroup[]> {
    const { text, values } = sumsOf(question);
    const found = await this.rows.query<SumRow[]>(text, [...values]);
    const groups = new Map<string, CostGroup>();
    for (const row of found) {
      const keys = [...new Set(question.groupBy)].map((_dimension, at) => row[`k${at}`] ?? '');
      const id = JSON.stringify(keys);
      groups.set(id, { keys, sum: joined(groups.get(id)?.sum ?? NO_COST, sumOf(row)) });
    }
    return [...groups.values()];
  }

  /** What lacks a price, the most used first. */
  unpriced(workspaceId: string, { from, to }: CostQuestion['range']): Promise<UnpricedRow[]> {
    return this.rows.query<UnpricedRow[]>(UNPRICED, [workspaceId, from, to]);
  }

  /** The charges of a range in the order of their time, a page at a time. */
  async *charges({ workspaceId, range, filter }: CostQuestion): AsyncGenerator<readonly ChargeLine[]> {
    const size = 1_000;
    let last: readonly [Date | string, string] = [range.from, ''];
    for (;;) {
      const values: unknown[] = [workspaceId, range.from, range.to, last[0], last[1]];
      const wanted = filters(filter, values);
      const page = await this.rows.query<ChargeLine[]>(
        `SELECT c.*, r.flow_id, r.member_id FROM ${CHARGES}
         WHERE c.workspace_id = $1 AND c.used_at >= $2 AND c.used_at < $3 AND (c.used_at, c.charge_id) > ($4, $5) ${wanted}
         ORDER BY c.used_at, c.charge_id LIMIT ${size}`,
        values,
      );
      if (page.length > 0) yield page;
      const end = page.at(-1);
      if (!end || page.length < size) return;
      last = [end.used_at, end.charge_id];
    }
  }
}

function sumOf({ currency, amount, charges, unpriced }: SumRow): CostSum {
  // Nothing but unpriced charges is no amount, not zero.
  return { amounts: charges > unpriced ? { [currency]: amount } : {}, charges, unpriced };
}
