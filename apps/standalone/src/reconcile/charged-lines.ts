import { Fault } from '@runledger/kernel';
import { csvRecords } from './csv.js';
import type { ReconcileConfig } from './reconcile.config.js';
import type { ChargedLine, Reconciliation } from './reconcile.js';

/** What a platform charged for the models of a provider from one day to another, both included. */
export async function chargedLines(
  { url, token }: ReconcileConfig,
  asked: { readonly provider: string; readonly from: string; readonly to: string },
): Promise<ChargedLine[]> {
  const end = new Date(Date.parse(asked.to) + 86_400_000).toISOString().slice(0, 10);
  const range = `from=${asked.from}T00:00:00Z&to=${end}T00:00:00Z`;
  const { ok, status, text } = await answerOf(url, `/api/v1/costs.csv?${range}&groupBy=DAY,PROVIDER,MODEL`, token);
  if (!ok)
    throw notRead(
      `The costs could not be read (${status}): ${text.slice(0, 300)}`,
      'RUNLEDGER_TOKEN needs the scope billing.read.',
    );
  return csvRecords(text)
    .filter(record => record.get('provider') === asked.provider)
    .map(record => ({
      day: record.get('day') ?? '',
      model: (record.get('model') ?? '').slice(asked.provider.length + 1),
      amount: BigInt(record.get('amount') || '0'),
      unpriced: Number(record.get('unpriced') ?? '0'),
      ...currencyIn(record.get('currency')),
    }));
}

async function answerOf(url: string, path: string, token: string) {
  try {
    const response = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } });
    return { ok: response.ok, status: response.status, text: await response.text() };
  } catch (error) {
    const { message, cause } = error as Error;
    const why = cause instanceof Error ? cause.message || (cause as NodeJS.ErrnoException).code : message;
    throw notRead(`The API at ${url} does not answer: ${why}.`, 'Set RUNLEDGER_URL to where it is.');
  }
}

function notRead(what: string, fix: string): Fault {
  return new Fault('COSTS_NOT_READ', `${what} ${fix}`);
}

/** A group of which nothing is priced is in none. */
function currencyIn(said = ''): { readonly currency?: string } {
  return said === '' ? {} : { currency: said };
}

/** The report for people: one line for each model and day, then the sums. */
export function reportText({ lines, ours, theirs, isSame }: Reconciliation): string {
  const row = (...fields: readonly string[]) =>
    fields.map((field, at) => (at < 2 ? field.padEnd(at ? 36 : 12) : field.padStart(16))).join('');
  const rows = lines.map(line =>
    row(line.day, line.model, units(line.ours), units(line.theirs), units(line.ours - line.theirs), line.verdict),
  );
  return [
    row('day', 'model', 'ours', 'theirs', 'difference', ''),
    ...rows,
    row('', 'sum', units(ours), units(theirs), units(ours - theirs), isSame ? 'SAME' : 'DIFFERENT'),
  ].join('\n');
}

function units(microUnits: bigint): string {
  const digits = (microUnits < 0n ? -microUnits : microUnits).toString().padStart(7, '0');
  return `${microUnits < 0n ? '-' : ''}${digits.slice(0, -6)}.${digits.slice(-6)}`;
}
