/** How often parallel reservations are raced for one budget: `RUNLEDGER_RACES`, default 4. */
export function races(): number {
  return Number(process.env['RUNLEDGER_RACES'] ?? 4);
}
