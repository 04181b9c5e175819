import type { Position } from '@runledger/event-store';
import { RequestError } from './request-errors.js';

const DIGITS = 19;
const MAX = 2n ** 63n - 1n;

/** Positions as callers see them: text of one length, so that it compares as the positions do. */
export function positionText(position: Position): string {
  return position.toString().padStart(DIGITS, '0');
}

/** Whether {@link positionText} can have made it. */
export function isPosition(text: string): boolean {
  return /^\d{19}$/.test(text) && BigInt(text) <= MAX;
}

/** Throws `INVALID_CURSOR` for anything that {@link positionText} did not make. */
export function positionOf(text: string): Position {
  if (isPosition(text)) return BigInt(text);
  throw new RequestError(
    'INVALID_CURSOR',
    'This is no position of the log.',
    'Pass a `cursor` or `position` that this server gave you, or leave it out.',
  );
}
