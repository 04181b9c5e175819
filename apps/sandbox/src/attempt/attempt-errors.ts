import { Fault } from '@runledger/kernel';

/** A newer worker took the attempt over, or it is over: this worker must stop at once (R3). */
export class OwnershipLostError extends Fault {
  constructor(attempt: string, refusal: string) {
    super('OWNERSHIP_LOST', `Attempt ${attempt} is no longer this worker's (${refusal}); its work here was stopped.`, {
      fields: { attempt, refusal },
    });
  }
}
