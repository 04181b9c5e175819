export interface PropertySettings {
  readonly numRuns: number;
  readonly seed?: number;
}

/**
 * How many cases the property of runs is tried with, and from where: `RUNLEDGER_CASES` (default 1,000) and `RUNLEDGER_SEED`,
 * which a failure prints.
 */
export function propertySettings(): PropertySettings {
  const { RUNLEDGER_CASES: cases, RUNLEDGER_SEED: seed } = process.env;
  return { numRuns: Number(cases ?? 1_000), ...(seed === undefined ? {} : { seed: Number(seed) }) };
}
