import { DEPLOYED_SERVICES } from '@runledger/contracts';
import type { DeployedService } from '@runledger/contracts';
import { lastingPorts, probePort } from '@runledger/platform';
import { orCannotListen } from '../listen.js';
import { internalUrl } from './cluster.config.js';
import type { ClusterConfig, Seat } from './cluster.config.js';
import type { Member } from './members-file.js';
import type { Replica } from './replica.js';

/** Ends in this order: who takes requests first, then who works on them, then who tells others about it. */
const ENDING_ORDER: readonly (readonly DeployedService[])[] = [
  ['gateway'],
  ['orchestrator', 'approval', 'billing', 'audit', 'sandbox'],
  ['relay'],
];

/** Who sits where. The gateway's replicas listen on PORT, PORT + 1, and so on. Throws `CannotListenError`. */
export async function allotSeats({ replicas, host, port }: ClusterConfig): Promise<Seat[]> {
  const places = DEPLOYED_SERVICES.flatMap(service =>
    Array.from({ length: replicas[service] }, (_, index) => ({ service, number: index + 1 })),
  );
  const internal = await lastingPorts(places.length, '127.0.0.1');
  const api = await apiPorts(replicas.gateway, { host, port, taken: internal });
  return places.map((place, index) => ({
    ...place,
    internalPort: internal[index] ?? 0,
    ...(place.service === 'gateway' && { apiPort: api[place.number - 1] ?? 0 }),
  }));
}

async function apiPorts(
  count: number,
  { host, port, taken }: { readonly host: string; readonly port: number; readonly taken: readonly number[] },
): Promise<number[]> {
  if (port === 0)
    return (await lastingPorts(count + taken.length, host)).filter(one => !taken.includes(one)).slice(0, count);
  const ports = Array.from({ length: count }, (_, index) => port + index);
  for (const one of ports) await orCannotListen(probePort(one, host), { port: one, host });
  return ports;
}

/** All processes of a cluster. */
export class ClusterProcesses {
  #restarting: Promise<void> | undefined;
  #ending = false;

  constructor(private readonly replicas: readonly Replica[]) {}

  /** Resolves once all are ready, or are to end. */
  async start(): Promise<void> {
    for (const replica of this.replicas) replica.start();
    await Promise.all(this.replicas.map(replica => replica.ready()));
  }

  /** One replica after the other, so that with two of each there is always one. Asked again meanwhile, it is the same one. */
  restartAll(done: (replica: Replica) => void): Promise<void> {
    this.#restarting ??= this.#restartEach(done).finally(() => (this.#restarting = undefined));
    return this.#restarting;
  }

  async stop(): Promise<void> {
    this.#ending = true;
    for (const services of ENDING_ORDER) {
      const ending = this.replicas.filter(({ seat }) => services.includes(seat.service));
      await Promise.all(ending.map(replica => replica.stop()));
    }
  }

  members(host: string): Member[] {
    return this.replicas.flatMap(({ seat, pid }) =>
      pid === undefined
        ? []
        : [
            {
              service: seat.service,
              replica: seat.number,
              pid,
              internalUrl: internalUrl(seat),
              ...(seat.apiPort === undefined ? {} : { apiUrl: apiUrl(seat, host) }),
            },
          ],
    );
  }

  async #restartEach(done: (replica: Replica) => void): Promise<void> {
    for (const replica of this.replicas) {
      await replica.stop(false);
      if (this.#ending) return;
      replica.start();
      await replica.ready();
      done(replica);
    }
  }
}

/** Where somebody on this machine finds the API of a gateway that listens on `host`. */
export function apiUrl({ apiPort }: Seat, host: string): string {
  if (host === '0.0.0.0' || host === '::') return `http://127.0.0.1:${apiPort}`;
  return `http://${host.includes(':') ? `[${host}]` : host}:${apiPort}`;
}
