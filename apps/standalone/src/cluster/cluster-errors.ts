import { Fault } from '@runledger/kernel';

/** A process of the cluster ends again and again before it is ready; what it said stands above. */
export class ReplicaFailingError extends Fault {
  constructor(replica: string, times: number, how: string) {
    super(
      'REPLICA_FAILING',
      `${replica} ended ${times} times before it was ready (${how}); its own words are above. Nothing is tried any more.`,
      { fields: { replica, times } },
    );
  }
}

/** A process of the cluster lives and does not get ready. */
export class ReplicaLateError extends Fault {
  constructor(replica: string, withinMs: number, answer: string) {
    super('REPLICA_LATE', `${replica} is not ready after ${withinMs / 1_000} s; it says: ${answer}`, {
      fields: { replica, withinMs },
    });
  }
}
