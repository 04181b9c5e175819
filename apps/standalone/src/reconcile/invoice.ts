import { Fault } from '@runledger/kernel';
import { csvRecords } from './csv.js';

/** What a provider bills for a model on a day; the amount in micro-units. */
export interface InvoiceLine {
  /** UTC, `2026-11-21`. */
  readonly day: string;
  readonly model: string;
  readonly amount: bigint;
  /** As the file says it: a code such as USD. Undefined: it does not. */
  readonly currency?: string;
}

/** The names under which providers put these into their files, and a name of one's own before them. */
const NAMES = {
  day: ['date', 'day', 'usage_date', 'usage_date_utc', 'start_time', 'bucket_start'],
  model: ['model', 'model_id', 'model_version', 'line_item', 'snapshot_id'],
  amount: ['amount', 'cost', 'cost_usd', 'amount_usd', 'amount_value', 'total_cost', 'spend'],
} as const;
export type InvoiceColumn = keyof typeof NAMES;

/** The lines of an invoice that a provider exports as CSV; `columns` says what is called otherwise. */
export function readInvoice(text: string, columns: Partial<Record<InvoiceColumn, string>> = {}): InvoiceLine[] {
  const records = csvRecords(text);
  const [first] = records;
  if (!first) throw new Fault('INVALID_INVOICE', 'The invoice has no line.');
  const nameOf = (column: InvoiceColumn): string => {
    const own = columns[column]?.toLowerCase();
    const name = (own === undefined ? NAMES[column] : [own]).find(one => first.has(one));
    if (name !== undefined) return name;
    const known = [...first.keys()].join(', ');
    throw new Fault(
      'INVALID_INVOICE',
      `The invoice has no column for its ${column}. It has: ${known}. Name it with --${column}.`,
    );
  };
  const [day, model, amount] = [nameOf('day'), nameOf('model'), nameOf('amount')];
  return records.map((record, at) => {
    const said = record.get(amount) ?? '';
    const currency = currencyOf(record.get('currency') ?? said);
    return {
      day: dayOf(record.get(day) ?? '', at),
      model: record.get(model) ?? '',
      amount: microUnitsOf(said, at),
      ...(currency !== undefined && { currency }),
    };
  });
}

/** Sums mean something only in one currency: an invoice in another one than the charges is not compared with them. */
export function mustBeIn(currency: string, billed: readonly InvoiceLine[]): void {
  const other = billed.findIndex(line => line.currency !== undefined && line.currency !== currency);
  if (other < 0) return;
  throw new Fault(
    'OTHER_CURRENCY',
    `Line ${other + 2} of the invoice is in ${billed[other]?.currency ?? ''}, and the charges are in ${currency}. Get the invoice in ${currency}, or convert it first.`,
  );
}

const SIGNS: Readonly<Record<string, string>> = { $: 'USD', '€': 'EUR', '£': 'GBP' };

function currencyOf(text: string): string | undefined {
  const code = /\b[A-Za-z]{3}\b/.exec(text)?.[0].toUpperCase();
  return code ?? SIGNS[/[$€£]/.exec(text)?.[0] ?? ''];
}

function dayOf(text: string, at: number): string {
  const instant = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text);
  if (Number.isNaN(instant)) throw new Fault('INVALID_INVOICE', `Line ${at + 2} of the invoice has no date: ${text}.`);
  return /^\d{4}-\d{2}-\d{2}/.exec(text)?.[0] ?? new Date(instant).toISOString().slice(0, 10);
}

/** A point before the fraction, commas between thousands: a comma elsewhere would make a hundred of one. */
const AMOUNT = /^(-?)[^\d.,-]*(\d{1,3}(?:,\d{3})+|\d*)(?:\.(\d*))?\s*(?:[A-Z]{3}|[€£$])?$/;

/** `$1,234.56` is 1,234,560,000 micro-units; what is smaller than one is rounded half up. */
export function microUnitsOf(text: string, at = 0): bigint {
  const found = AMOUNT.exec(text.trim());
  if (!found || !/\d/.test(text)) {
    const fix = /,\d+\D*$/.test(text) ? ' Export it with a point before the fraction.' : '';
    throw new Fault('INVALID_INVOICE', `Line ${at + 2} of the invoice has no amount: ${text}.${fix}`);
  }
  const [, sign, whole = '', fraction = ''] = found;
  const digits = fraction.padEnd(7, '0');
  const micro = BigInt(whole.replaceAll(',', '') || '0') * 1_000_000n + BigInt(digits.slice(0, 6));
  const rounded = micro + (Number(digits[6]) >= 5 ? 1n : 0n);
  return sign === '-' ? -rounded : rounded;
}
