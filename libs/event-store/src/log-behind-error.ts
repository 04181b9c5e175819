import { Fault } from '@runledger/kernel';
import type { Position } from './port.js';

/**
 * A position or checkpoint lies beyond the end of the log: the database was replaced or restored from an older backup.
 * Going on would skip events, so consumers stop until their read models are rebuilt.
 */
export class LogBehindError extends Fault {
  constructor(what: string, position: Position, end: Position) {
    super(
      'LOG_BEHIND',
      `${what} stands at position ${position}, but the log ends at ${end}: the log was restored from an older copy or replaced. Rebuild this consumer from the first event.`,
      { fields: { position: String(position), end: String(end) } },
    );
  }
}
