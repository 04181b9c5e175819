import type { InvoiceLine } from './invoice.js';

/** What we charged for a model on a day. `unpriced`: so many charges of it have no price. */
export interface ChargedLine extends InvoiceLine {
  readonly unpriced: number;
}

/** Both sides of a model on a day, in micro-units. */
export interface Compared {
  readonly day: string;
  readonly model: string;
  readonly ours: bigint;
  readonly theirs: bigint;
  readonly unpriced: number;
  /** `UNPRICED`: we have charges without a price. `NOT_CHARGED`: we know nothing of it. `NOT_BILLED`: the provider does not. */
  readonly verdict: 'SAME' | 'DIFFERENT' | 'UNPRICED' | 'NOT_CHARGED' | 'NOT_BILLED';
}

export interface Reconciliation {
  readonly ours: bigint;
  readonly theirs: bigint;
  readonly lines: readonly Compared[];
  readonly isSame: boolean;
}

const SNAPSHOT_DATE = /-(\d{8}|\d{4}-\d{2}-\d{2})$/;

/** Our sum against the provider's. `tolerance`: thousandths of the larger side that are no difference, as of rounding. */
export function reconcile(
  charged: readonly ChargedLine[],
  billed: readonly InvoiceLine[],
  tolerance: bigint,
): Reconciliation {
  const lines = new Map<string, { day: string; model: string; ours: bigint; theirs: bigint; unpriced: number }>();
  const lineOf = ({ day, model }: InvoiceLine) => {
    const name = model.toLowerCase().replace(SNAPSHOT_DATE, '');
    const line = lines.get(`${day} ${name}`) ?? { day, model: name, ours: 0n, theirs: 0n, unpriced: 0 };
    lines.set(`${day} ${name}`, line);
    return line;
  };
  for (const one of charged) {
    const line = lineOf(one);
    line.ours += one.amount;
    line.unpriced += one.unpriced;
  }
  for (const one of billed) lineOf(one).theirs += one.amount;
  const known = new Set(charged.map(one => lineOf(one)));
  const compared = [...lines.values()]
    .map(line => ({ ...line, verdict: verdictOf(line, known.has(line), tolerance) }))
    .sort((a, b) => (a.day + a.model < b.day + b.model ? -1 : 1));
  const sum = (side: 'ours' | 'theirs') => compared.reduce((total, line) => total + line[side], 0n);
  return {
    ours: sum('ours'),
    theirs: sum('theirs'),
    lines: compared,
    isSame: compared.every(({ verdict }) => verdict === 'SAME'),
  };
}

function verdictOf(
  { ours, theirs, unpriced }: { readonly ours: bigint; readonly theirs: bigint; readonly unpriced: number },
  isKnown: boolean,
  tolerance: bigint,
): Compared['verdict'] {
  const difference = ours > theirs ? ours - theirs : theirs - ours;
  if (unpriced > 0) return 'UNPRICED';
  if (difference * 1_000n <= (ours > theirs ? ours : theirs) * tolerance) return 'SAME';
  if (!isKnown) return 'NOT_CHARGED';
  return theirs === 0n ? 'NOT_BILLED' : 'DIFFERENT';
}
