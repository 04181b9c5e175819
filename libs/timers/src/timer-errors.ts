import { Fault } from '@runledger/kernel';

/** A timer cannot be set: it is a defect of the caller. */
export class InvalidTimerError extends Fault {
  constructor(name: string, problem: string) {
    super('INVALID_TIMER', `Timer ${name.slice(0, 100)} cannot be set: ${problem}.`, { fields: { name } });
  }
}

/** Two handlers were given for one kind. */
export class TwoHandlersError extends Fault {
  constructor(kind: string) {
    super('TWO_TIMER_HANDLERS', `Timers of kind ${kind} have two handlers; give each kind one.`, { fields: { kind } });
  }
}
