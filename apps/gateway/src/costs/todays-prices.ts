import { PriceUsage, type Usage } from '@runledger/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Caller } from '../access/caller.js';
import { RequestError } from '../graph/request-errors.js';
import { CommandDesk } from '../reads/command-desk.js';
import { neverRefused } from '../reads/never-refused.js';
import { READ_MODEL_SOURCE } from '../reads/read-model-source.js';
import { joined, NO_COST, type CostSum } from '../runs/cost-sums.js';
import type { ChargeLine, CostGroup } from './cost-reader.js';
import { CostReader } from './cost-reader.js';
import type { CostDimension, CostQuestion } from './cost-question.js';

/** More than this is no question for a page. */
const MOST_CHARGES = 20_000;

const USAGES = `
  SELECT usage_id, kind, provider, model, resource_class, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens,
    cache_write_1h_tokens,     reasoning_tokens, milliseconds
  FROM run_usage WHERE workspace_id = $1 AND run_id = ANY($2) AND usage_id = ANY($3)`;

interface UsageRow extends Readonly<
  Record<`${'input' | 'output' | 'cache_read' | 'cache_write' | 'cache_write_1h' | 'reasoning'}_tokens`, string>
> {
  readonly usage_id: string;
  readonly kind: 'model' | 'compute';
  readonly provider: string | null;
  readonly model: string | null;
  readonly resource_class: string | null;
  readonly milliseconds: string;
}

/** What the same use would cost by the rate card in force now. Changes nothing of what was charged. */
@Injectable()
export class TodaysPrices {
  constructor(
    @Inject(READ_MODEL_SOURCE) private readonly rows: DataSource,
    @Inject(CostReader) private readonly reader: CostReader,
    @Inject(CommandDesk) private readonly desk: CommandDesk,
  ) {}

  async groups(question: CostQuestion, caller: Caller): Promise<CostGroup[]> {
    const groups = new Map<string, CostGroup>();
    let seen = 0;
    for await (const page of this.reader.charges(question)) {
      seen += page.length;
      if (seen > MOST_CHARGES) throw tooMany();
      const priced = await this.#priced(page, caller);
      for (const [line, sum] of priced) {
        const keys = [...new Set(question.groupBy)].map(dimension => keyOf(line, dimension));
        const id = JSON.stringify(keys);
        groups.set(id, { keys, sum: joined(groups.get(id)?.sum ?? NO_COST, sum) });
      }
    }
    return [...groups.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
  }

  async #priced(page: readonly ChargeLine[], caller: Caller): Promise<(readonly [ChargeLine, CostSum])[]> {
    const found = await this.rows.query<UsageRow[]>(USAGES, [
      caller.workspaceId,
      [...new Set(page.map(line => line.run_id))],
      page.map(line => line.usage_id),
    ]);
    const usages = new Map(found.map(row => [row.usage_id, usageOf(row)]));
    const known = page.flatMap(line => {
      const usage = usages.get(line.usage_id);
      return usage ? [{ line, usage }] : [];
    });
    const asked = known.map(({ usage }) => usage);
    const { output } = neverRefused(await this.desk.send(PriceUsage, { usages: asked }, caller));
    const prices = new Map(known.map(({ line }, at) => [line.charge_id, output.prices[at]?.amountMicroUnits ?? null]));
    return page.map(line => [line, sumOf(prices.get(line.charge_id) ?? null, output.currency)] as const);
  }
}

function sumOf(amount: number | null, currency: string): CostSum {
  if (amount === null) return { amounts: {}, charges: 1, unpriced: 1 };
  return { amounts: { [currency]: String(amount) }, charges: 1, unpriced: 0 };
}

function keyOf(line: ChargeLine, dimension: CostDimension): string {
  switch (dimension) {
    case 'DAY':
      return line.used_at.toISOString().slice(0, 10);
    case 'FLOW':
      return line.flow_id ?? '';
    case 'STEP':
      return line.step;
    case 'RUN':
      return line.run_id;
    case 'MEMBER':
      return line.member_id ?? '';
    case 'PROVIDER':
      return line.provider;
    case 'MODEL':
      return line.model === '' ? '' : `${line.provider}/${line.model}`;
    case 'RESOURCE_CLASS':
      return line.resource_class;
  }
}

function usageOf(row: UsageRow): Usage {
  if (row.kind === 'compute') {
    return { kind: 'compute', resourceClass: row.resource_class ?? '', milliseconds: Number(row.milliseconds) };
  }
  return {
    kind: 'model',
    provider: row.provider ?? '',
    model: row.model ?? '',
    inputTokens: Number(row.input_tokens),
    outputTokens: Number(row.output_tokens),
    cacheReadTokens: Number(row.cache_read_tokens),
    cacheWriteTokens: Number(row.cache_write_tokens),
    cacheWrite1hTokens: Number(row.cache_write_1h_tokens),
    reasoningTokens: Number(row.reasoning_tokens),
  };
}

function tooMany(): RequestError {
  const message = `More than ${MOST_CHARGES} charges cannot be priced anew at once.`;
  return new RequestError('BAD_USER_INPUT', message, 'Ask for a shorter range, or filter.');
}
