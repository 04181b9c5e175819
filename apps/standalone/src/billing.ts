import { readFileSync } from 'node:fs';
import { misused, readCommandLine } from './command-line.js';
import { print, runDatabaseCommand } from './database/run-database-command.js';
import { lastWords } from './last-words.js';
import { seedPrices } from './price-seeding.js';
import { chargedLines, reportText } from './reconcile/charged-lines.js';
import { mustBeIn, readInvoice } from './reconcile/invoice.js';
import { readReconcileConfig } from './reconcile/reconcile.config.js';
import { reconcile } from './reconcile/reconcile.js';

const HELP = `npm run billing -- reconcile <invoice.csv> --provider <name> [--tolerance <thousandths>] [--json]

npm run billing -- seed [--workspace <workspace id>] [--left-out]

reconcile: holds what the platform charged for the models of a provider against the provider's invoice, by day and model.

  <invoice.csv> the file, or - for standard input
  --provider    as charges name it: anthropic, openai-compatible, …
  --tolerance   so many thousandths of a line are no difference; default 5
  --day, --model, --amount   what the invoice calls these columns, when it is not found
  --json        the report as JSON, amounts in micro-units

Reads the costs from the API at RUNLEDGER_URL with RUNLEDGER_TOKEN. Exit code 1: they differ; 2: they could not be compared.

seed: brings the rate cards of all workspaces, or of one, to the list prices of this release, beside a running platform or without one. What
changes holds from now on, or from the day that the list names; what was charged stays. A workspace that has published a card is left alone.

  --left-out    what the list has and no card takes, and why

Works on the database of DATABASE_URL, or on the embedded one of RUNLEDGER_HOME, and on the log of EVENT_STORE. Exit code 1: there is no such
workspace; 2: it could not be done.`;

const DIFFERENT = 1;
const COULD_NOT = 2;
const STANDARD_INPUT = 0;

const text = { type: 'string' } as const;
const { values, positionals } = readCommandLine(HELP, {
  allowPositionals: true,
  options: {
    ...{ provider: text, day: text, model: text, amount: text, workspace: text },
    tolerance: { type: 'string', default: '5' },
    json: { type: 'boolean', default: false },
    'left-out': { type: 'boolean', default: false },
  },
});
const [verb, file] = positionals;
const { provider, tolerance } = values;
if (verb === 'seed' && file === undefined) {
  const { workspace, 'left-out': leftOut } = values;
  await runDatabaseCommand(url => seedPrices(url, { workspace, leftOut }), { failure: COULD_NOT });
} else if (verb !== 'reconcile' || file === undefined || provider === undefined || !/^\d{1,4}$/.test(tolerance)) {
  misused(HELP);
} else {
  await compare(file, provider).catch((error: unknown) => {
    process.stderr.write(`${lastWords(error)}\n`);
    process.exitCode = COULD_NOT;
  });
}

async function compare(invoice: string, of: string): Promise<void> {
  const { day, model, amount } = values;
  const named = { ...(day && { day }), ...(model && { model }), ...(amount && { amount }) };
  const billed = readInvoice(readFileSync(invoice === '-' ? STANDARD_INPUT : invoice, 'utf8'), named);
  const days = billed.map(line => line.day).sort();
  const range = { from: days.at(0) ?? '', to: days.at(-1) ?? '' };
  const charged = await chargedLines(readReconcileConfig(), { provider: of, ...range });
  const currency = charged.find(line => line.currency !== undefined)?.currency;
  if (currency !== undefined) mustBeIn(currency, billed);
  const report = reconcile(charged, billed, BigInt(tolerance));
  print(values.json ? JSON.stringify(report, (_key, value: unknown) => plain(value), 2) : reportText(report));
  if (!report.isSame) process.exitCode = DIFFERENT;
}

function plain(value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
