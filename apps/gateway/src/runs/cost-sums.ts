import type { ChargeRecorded } from '@runledger/contracts';
import type { EventOf } from '@runledger/kernel';

export type Charge = EventOf<readonly [typeof ChargeRecorded]>['data'];

/** The exact sum of some charges. Amounts are decimal strings in micro-units, one for each currency. */
export interface CostSum {
  readonly amounts: Readonly<Record<string, string>>;
  readonly charges: number;
  /** Charges that have no price: not zero, and not in `amounts`. */
  readonly unpriced: number;
}

/** All charges of a run, seen from different sides. Keys are `provider/model`, providers, resource classes. */
export interface CostSums {
  readonly total: CostSum;
  /** By key, of steps that the run no longer has; what each of the others cost is said by the step itself. */
  readonly formerSteps: Readonly<Record<string, CostSum>>;
  readonly byModel: Readonly<Record<string, CostSum>>;
  readonly byProvider: Readonly<Record<string, CostSum>>;
  readonly compute: Readonly<Record<string, CostSum>>;
}

export const NO_COST: CostSum = { amounts: {}, charges: 0, unpriced: 0 };
export const NO_COSTS: CostSums = { total: NO_COST, formerSteps: {}, byModel: {}, byProvider: {}, compute: {} };

/** The sums with one more charge in each of them that it belongs to but those of steps (M1). */
export function addCharge(sums: CostSums, charge: Charge): CostSums {
  const provider = charge.provider ?? 'unknown';
  const isModel = charge.kind === 'model';
  return {
    total: plus(sums.total, charge),
    formerSteps: sums.formerSteps,
    byModel: isModel ? plusAt(sums.byModel, `${provider}/${charge.model ?? 'unknown'}`, charge) : sums.byModel,
    byProvider: isModel ? plusAt(sums.byProvider, provider, charge) : sums.byProvider,
    compute: isModel ? sums.compute : plusAt(sums.compute, charge.resourceClass ?? 'unknown', charge),
  };
}

export function plusAt(lines: Readonly<Record<string, CostSum>>, key: string, charge: Charge): Record<string, CostSum> {
  const before = Object.hasOwn(lines, key) ? lines[key] : undefined;
  return { ...lines, [key]: plus(before ?? NO_COST, charge) };
}

/** Two sums in one. */
export function joined(left: CostSum, right: CostSum): CostSum {
  const currencies = [...new Set([...Object.keys(left.amounts), ...Object.keys(right.amounts)])];
  const amounts = currencies.map(one => [
    one,
    (BigInt(left.amounts[one] ?? '0') + BigInt(right.amounts[one] ?? '0')).toString(),
  ]);
  return {
    amounts: Object.fromEntries(amounts) as Record<string, string>,
    charges: left.charges + right.charges,
    unpriced: left.unpriced + right.unpriced,
  };
}

export function plus(sum: CostSum, { amountMicroUnits, currency }: Charge): CostSum {
  const charges = sum.charges + 1;
  if (amountMicroUnits === null) return { ...sum, charges, unpriced: sum.unpriced + 1 };
  const amount = BigInt(sum.amounts[currency] ?? '0') + BigInt(amountMicroUnits);
  return { ...sum, charges, amounts: { ...sum.amounts, [currency]: amount.toString() } };
}
