/** A decimal number of the currency's unit as millionths of it; undefined when it is finer than that, or no such number. */
export function microUnitsOf(amount: string): number | undefined {
  const [, whole = '', fraction = ''] = /^(\d+)(?:\.(\d+))?$/.exec(amount) ?? [];
  const significant = fraction.replace(/0+$/, '');
  if (whole === '' || significant.length > 6) return undefined;
  const millionths = Number(`${whole}${significant.padEnd(6, '0')}`);
  return Number.isSafeInteger(millionths) ? millionths : undefined;
}
