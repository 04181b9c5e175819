import { Fault } from '@runledger/kernel';

/** A process of the cluster ends again and again before it is ready; what it said stands above. */
export class ReplicaFailingError extends Fault {
  constructor(replica: string, times: number, how: string) {
    super('REPLICA_FAILING', `${replica} ended ${times} times before it was ready (${how}); its own words are above.`, {
      fields: { replica, times },
    });
  }
}
