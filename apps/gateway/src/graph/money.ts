/** An amount as the API shows it. */
export interface Money {
  readonly microUnits: string;
  readonly currency: string;
  readonly formatted: string;
}

/** `microUnits`: decimal, millionths of the currency's unit. */
export function money(microUnits: string, currency: string): Money {
  return { microUnits, currency, formatted: formatted(BigInt(microUnits), currency) };
}

/** Exact, with 2 to 6 decimals. */
function formatted(microUnits: bigint, currency: string): string {
  const sign = microUnits < 0n ? '-' : '';
  const digits = (microUnits < 0n ? -microUnits : microUnits).toString().padStart(7, '0');
  const decimals = digits.slice(-6).replace(/0{1,4}$/, '');
  return `${sign}${digits.slice(0, -6)}.${decimals} ${currency}`;
}
