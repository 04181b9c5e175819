import { csvRecords } from './csv.js';
import { microUnitsOf, mustBeIn, readInvoice } from './invoice.js';
import { reconcile } from './reconcile.js';

const INVOICE = `Date,Model,"Cost (USD)",Cost
2026-11-20,claude-haiku-5-5-20260901,"$1,234.50","1,234.50"
2026-11-20,claude-opus-5-5,2,2.0000005
2026-11-21,"claude, the ""new""",1,0.25`;

describe('an invoice', () => {
  it('is read from what providers export', () => {
    expect(readInvoice(INVOICE)).toEqual([
      { day: '2026-11-20', model: 'claude-haiku-5-5-20260901', amount: 1_234_500_000n },
      { day: '2026-11-20', model: 'claude-opus-5-5', amount: 2_000_001n },
      { day: '2026-11-21', model: 'claude, the "new"', amount: 250_000n },
    ]);
    expect(readInvoice(INVOICE, { amount: 'Cost (USD)' })[0]?.amount).toBe(1_234_500_000n);
  });

  it('that lacks a column, a date or an amount is refused by name', () => {
    expect(() => readInvoice('when,what\n1,2')).toThrow(
      'no column for its day. It has: when, what. Name it with --day.',
    );
    expect(() => readInvoice('date,model,cost\nsoon,m,1')).toThrow('Line 2 of the invoice has no date: soon.');
    expect(() => readInvoice('date,model,cost\n2026-11-20,m,free')).toThrow(
      'Line 2 of the invoice has no amount: free.',
    );
    expect(() => readInvoice('')).toThrow('The invoice has no line.');
  });

  it('is read with the separators of other countries, but not with their amounts: a comma is no point', () => {
    const german = '\uFEFFDate;Model;Cost\r\n2026-11-20;"claude;opus";1.50\r\n';
    expect(readInvoice(german)).toEqual([{ day: '2026-11-20', model: 'claude;opus', amount: 1_500_000n }]);
    expect(readInvoice('date\tmodel\tcost\n2026-11-20\tm,n\t2')[0]).toMatchObject({ model: 'm,n', amount: 2_000_000n });
    for (const amount of ['12,34', '1.234,56', '1,23,456'])
      expect(() => microUnitsOf(amount)).toThrow(/has no amount: .* Export it with a point before the fraction/);
    expect(microUnitsOf('12,345,678.9')).toBe(12_345_678_900_000n);
  });

  it('in another currency is not held against the charges', () => {
    const euros = [
      'date,model,cost\n2026-11-20,m,€1.50',
      'date,model,cost,currency\n2026-11-20,m,1.50,eur',
      'date,model,cost\n2026-11-20,m,1.50 EUR',
    ];
    for (const text of euros)
      expect(() => mustBeIn('USD', readInvoice(text))).toThrow(
        'Line 2 of the invoice is in EUR, and the charges are in USD.',
      );
    expect(() => mustBeIn('USD', readInvoice(INVOICE))).not.toThrow();
  });

  it('has its amounts to the micro-unit', () => {
    const amounts = ['0', '-3.5', '$0.0000004', '.5', '12 USD'].map(text => microUnitsOf(text));
    expect(amounts).toEqual([0n, -3_500_000n, 0n, 500_000n, 12_000_000n]);
  });
});

it('a file with quotes, line ends of any kind and an empty last line is read as it is meant', () => {
  expect(csvRecords('a,b\r\n"x\r\ny",2\n\n3,').map(record => [...record.values()])).toEqual([
    ['x\r\ny', '2'],
    ['3', ''],
  ]);
});

describe('the reconciliation', () => {
  const charged = (model: string, amount: bigint, unpriced = 0) => ({ day: '2026-11-20', model, amount, unpriced });
  const billed = (model: string, amount: bigint) => ({ day: '2026-11-20', model, amount });

  it('says of each model and day how both sides stand', () => {
    const report = reconcile(
      [charged('a-20260901', 1_000n), charged('b', 1_000n), charged('c', 5n, 2), charged('d', 7n)],
      [billed('A', 400n), billed('a', 604n), billed('b', 1_100n), billed('c', 900n), billed('e', 1n)],
      5n,
    );
    expect(report.lines.map(({ model, ours, theirs, verdict }) => [model, ours, theirs, verdict])).toEqual([
      ['a', 1_000n, 1_004n, 'SAME'],
      ['b', 1_000n, 1_100n, 'DIFFERENT'],
      ['c', 5n, 900n, 'UNPRICED'],
      ['d', 7n, 0n, 'NOT_BILLED'],
      ['e', 0n, 1n, 'NOT_CHARGED'],
    ]);
    expect([report.ours, report.theirs, report.isSame]).toEqual([2_012n, 3_005n, false]);
  });
});
