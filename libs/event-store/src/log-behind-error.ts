import { Fault } from '@runledger/kernel';
import type { Position } from './port.js';

/**
 * A position or checkpoint belongs to another log, or lies beyond the end of this one: the log was replaced, or restored from
 * an older backup. Going on would skip events, so consumers stop.
 */
export class LogBehindError extends Fault {
  constructor(what: string, position: Position, end: Position) {
    super(
      'LOG_BEHIND',
      `${what} stands at position ${position} of another log, or of a newer copy of this one, which ends at ${end}. Give back the log that belongs to it, or start its consumers at the first event: "npm run checkpoints -- list" shows them, reset --misfits does it.`,
      { fields: { position: String(position), end: String(end) } },
    );
  }
}
