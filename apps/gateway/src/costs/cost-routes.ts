import { Readable } from 'node:stream';
import { Controller, Get, Inject, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { Caller } from '../access/caller.js';
import { Requires } from '../access/requires.js';
import { CallerOf } from '../graph/graph-context.js';
import { RequestError } from '../graph/request-errors.js';
import { fitting } from '../reads/fitting.js';
import { rangeOf } from '../reads/range-of.js';
import { COST_DIMENSIONS, type CostDimension, type CostQuestion } from './cost-question.js';
import { CostReader, type ChargeLine } from './cost-reader.js';

const csvQuery = z.strictObject({
  from: z.string().optional(),
  to: z.string().optional(),
  groupBy: z.string().max(1_000).optional(),
});

const CHARGE_COLUMNS = [
  'charge_id',
  'usage_id',
  'used_at',
  'flow_id',
  'run_id',
  'step',
  'attempt',
  'member_id',
  'kind',
  'provider',
  'model',
  'resource_class',
  'amount',
  'currency',
  'rate_card_version',
  'note',
] as const satisfies readonly (keyof ChargeLine)[];

/** Costs for spreadsheets. Amounts are in micro-units, whole numbers; an empty amount is unpriced, which is not zero. */
@Controller('api/v1')
export class CostRoutes {
  constructor(@Inject(CostReader) private readonly reader: CostReader) {}

  /** `groupBy`, separated by commas, as in the query `costs`; without it one line for each charge. */
  @Get('costs.csv')
  @Requires('billing.read')
  async csv(@Query() query: unknown, @CallerOf() caller: Caller, @Res() reply: FastifyReply): Promise<void> {
    const { from, to, groupBy: sides } = fitting(csvQuery, query);
    if (from === undefined || to === undefined) {
      throw new RequestError('BAD_USER_INPUT', 'The range is missing.', 'Say from=… and to=…, in ISO 8601.');
    }
    const groupBy = dimensionsOf(sides);
    const question = { workspaceId: caller.workspaceId, range: rangeOf({ from, to }), groupBy, filter: {} };
    const lines = groupBy.length > 0 ? this.#groups(question) : this.#charges(question);
    const name = `costs_${question.range.from.slice(0, 10)}_${question.range.to.slice(0, 10)}.csv`;
    const headers = {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': `attachment; filename="${name}"`,
    };
    await reply.headers(headers).send(Readable.from(lines));
  }

  async *#groups(question: CostQuestion): AsyncGenerator<string> {
    yield lineOf([
      ...question.groupBy.map(dimension => dimension.toLowerCase()),
      'amount',
      'currency',
      'charges',
      'unpriced',
    ]);
    for (const { keys, sum } of await this.reader.groups(question)) {
      const amounts = Object.entries(sum.amounts);
      const paid = amounts.length > 0 ? amounts : [['', '']];
      for (const [currency, amount] of paid) yield lineOf([...keys, amount, currency, sum.charges, sum.unpriced]);
    }
  }

  async *#charges(question: CostQuestion): AsyncGenerator<string> {
    yield lineOf(CHARGE_COLUMNS);
    for await (const page of this.reader.charges(question)) {
      yield page.map(charge => lineOf(CHARGE_COLUMNS.map(column => charge[column]))).join('');
    }
  }
}

function dimensionsOf(text = ''): CostDimension[] {
  const names = text.split(',').filter(name => name !== '');
  return [...new Set(names)].map(name => {
    const found = COST_DIMENSIONS.find(dimension => dimension === name.toUpperCase());
    if (found) return found;
    throw new RequestError('BAD_USER_INPUT', `There is no side ${name}.`, `Sides are ${COST_DIMENSIONS.join(', ')}.`);
  });
}

/** RFC 4180. A text that a spreadsheet would take for a formula is shown as what it is. */
function lineOf(values: readonly (string | number | Date | null | undefined)[]): string {
  return `${values.map(fieldOf).join(',')}\r\n`;
}

function fieldOf(value: string | number | Date | null | undefined): string {
  if (value === null || value === undefined) return '';
  const text = value instanceof Date ? value.toISOString() : String(value);
  const safe = /^[=+\-@\t\r]/.test(text) && !/^-?\d+$/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
