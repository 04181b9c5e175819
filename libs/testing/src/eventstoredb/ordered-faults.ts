import { setTimeout as delay } from 'node:timers/promises';
import grpc from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import type { DoubleFault, DoubleMethod } from './double-control.js';
import { failure } from './wire-messages.js';

export type Reply = () => void;

/** What a call wants, and how to refuse it. */
export interface Asked {
  /** Does it, and returns how to say so. */
  readonly perform: () => Reply;
  readonly fail: (error: ServiceError) => void;
}

interface FaultyServer {
  readonly leader: { readonly host: string; readonly port: number };
  /** Ends all that there are, and listens anew. */
  readonly breakConnections: () => Promise<void>;
}

/** Takes the fault that was ordered next for a method out of those that are to come. */
export function nextFault(faults: DoubleFault[], method: DoubleMethod): DoubleFault | undefined {
  const index = faults.findIndex(({ on }) => on === method);
  return index < 0 ? undefined : faults.splice(index, 1)[0];
}

/** Does what was asked, and answers; or what a fault makes of it. */
export async function answer(
  fault: DoubleFault | undefined,
  { perform, fail }: Asked,
  server: FaultyServer,
): Promise<void> {
  switch (fault?.kind) {
    case 'silence':
      return;
    case 'fail':
      return fail(failure(grpc.status[fault.status]));
    case 'access-denied':
      return fail(failure(grpc.status.PERMISSION_DENIED, 'access-denied'));
    case 'not-leader':
      return fail(
        failure(grpc.status.NOT_FOUND, 'not-leader', {
          'leader-endpoint-host': server.leader.host,
          'leader-endpoint-port': String(fault.port ?? server.leader.port),
        }),
      );
    case 'lose-reply':
      perform();
      return server.breakConnections();
    case 'delay': {
      const early = fault.done === 'before' ? perform() : undefined;
      await delay(fault.ms);
      return (early ?? perform())();
    }
    case 'redeliver':
    case undefined:
      return perform()();
  }
}
