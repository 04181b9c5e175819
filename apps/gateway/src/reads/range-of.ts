import { RequestError } from '../graph/request-errors.js';

interface Range {
  readonly from: string;
  readonly to: string;
}

interface OpenRange {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** The instants of a range as the API writes them; an end may be left open. Throws `BAD_USER_INPUT` for a range that is none. */
export function rangeOf(range: Range): Range;
export function rangeOf(range: OpenRange): OpenRange;
export function rangeOf({ from, to }: OpenRange): OpenRange {
  const range = { from: instantOf(from), to: instantOf(to) };
  if (range.from === undefined || range.to === undefined || range.from < range.to) return range;
  throw new RequestError('BAD_USER_INPUT', 'The range is empty.', 'Let it end after it begins.');
}

/** A day, which begins at midnight in UTC, or a time that says its zone: without one it would be that of this machine. */
const INSTANT = /^\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:?\d\d))?$/;

function instantOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const instant = INSTANT.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(instant)) return new Date(instant).toISOString();
  const message = `"${text}" is no instant.`;
  throw new RequestError('BAD_USER_INPUT', message, 'Write ISO 8601, like 2026-01-31T09:30:00.000Z.');
}
