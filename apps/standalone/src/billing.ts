import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Fault } from '@runledger/kernel';
import { InvalidConfigError } from '@runledger/platform';
import { print } from './database/run-database-command.js';
import { chargedLines, reportText } from './reconcile/charged-lines.js';
import { readInvoice } from './reconcile/invoice.js';
import { readReconcileConfig } from './reconcile/reconcile.config.js';
import { reconcile } from './reconcile/reconcile.js';

const HELP = `npm run billing -- reconcile <invoice.csv> --provider <name> [--tolerance <thousandths>] [--json]

Holds what the platform charged for the models of a provider against the provider's invoice, by day and model.

  --provider    as charges name it: anthropic, openai-compatible, …
  --tolerance   so many thousandths of a line are no difference; default 5
  --day, --model, --amount   what the invoice calls these columns, when it is not found
  --json        the report as JSON, amounts in micro-units

Reads the costs from the API at RUNLEDGER_URL with RUNLEDGER_TOKEN. Exit code 1: they differ; 2: they could not be compared.`;

const DIFFERENT = 1;
const COULD_NOT = 2;

const text = { type: 'string' } as const;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    ...{ provider: text, day: text, model: text, amount: text },
    tolerance: { type: 'string', default: '5' },
    json: { type: 'boolean', default: false },
  },
});
const [verb, file] = positionals;
const { provider, tolerance } = values;
if (verb !== 'reconcile' || file === undefined || provider === undefined || !/^\d{1,4}$/.test(tolerance)) {
  print(HELP);
  process.exitCode = COULD_NOT;
} else {
  await compare(file, provider).catch((error: unknown) => {
    const isExpected = error instanceof Fault || error instanceof InvalidConfigError || isSystemError(error);
    process.stderr.write(`${isExpected ? error.message : String((error as Error).stack ?? error)}\n`);
    process.exitCode = COULD_NOT;
  });
}

async function compare(invoice: string, of: string): Promise<void> {
  const { day, model, amount } = values;
  const named = { ...(day && { day }), ...(model && { model }), ...(amount && { amount }) };
  const billed = readInvoice(readFileSync(invoice, 'utf8'), named);
  const days = billed.map(line => line.day).sort();
  const range = { from: days.at(0) ?? '', to: days.at(-1) ?? '' };
  const charged = await chargedLines(readReconcileConfig(), { provider: of, ...range });
  const report = reconcile(charged, billed, BigInt(tolerance));
  print(values.json ? JSON.stringify(report, (_key, value: unknown) => plain(value), 2) : reportText(report));
  if (!report.isSame) process.exitCode = DIFFERENT;
}

function plain(value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

/** A file that is not there, an API that cannot be reached. */
function isSystemError(error: unknown): error is Error {
  return error instanceof Error && ('code' in error || error.message === 'fetch failed');
}
