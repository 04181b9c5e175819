/**
 * The cases of a sweep that are tried: all of them where RUNLEDGER_SWEEPS is `whole`, as at night; else those that stand for
 * the others. Throws when none does.
 */
export function swept<Case>(cases: readonly Case[], standsForOthers: (one: Case) => boolean): readonly Case[] {
  const few = cases.filter(standsForOthers);
  if (few.length === 0) throw new TypeError('No case of this sweep stands for the others, so nothing would be tried.');
  return isWholeSweep() ? cases : few;
}

/** Whether sweeps are to try everything. */
export function isWholeSweep(): boolean {
  return process.env['RUNLEDGER_SWEEPS'] === 'whole';
}
