import { defineEvent, EventCatalogue } from '@runledger/kernel';
import { MemoryLog } from './memory-log.fixture.js';
import { ReactorHost } from './reactor-host.js';
import type { ReactorHostOptions } from './reactor-host.js';
import type { ConsumerStatus, Reactor } from './reactor.js';
import type { CountedCheckpoints, TestCheckpoints } from './test-checkpoints.fixture.js';

const anything = { parse: (input: unknown) => input };
const catalogue = new EventCatalogue([
  defineEvent({
    type: 'StepReady',
    version: 2,
    schema: anything,
    upcast: { 1: (old: object) => ({ ...old, lifted: true }) },
  }),
  defineEvent({ type: 'GateDecided', version: 1, schema: anything }),
]);
export const SOON = { attempts: 3, retryableAttempts: 8, firstDelayMs: 1, maxDelayMs: 4 };

/** The hosts of a log in memory, whose checkpoints are real. */
export interface HostWorld {
  readonly log: MemoryLog;
  readonly checkpoints: CountedCheckpoints;
  /** What the hosts have told as a fault. */
  readonly faults: ConsumerStatus[];
  /** A process of its own as far as the checkpoints can tell. */
  readonly newHost: (options?: Partial<ReactorHostOptions>) => ReactorHost;
  end(): Promise<void>;
}

/** Nothing is left of the world that this database had before. */
export async function hostWorld(database: TestCheckpoints): Promise<HostWorld> {
  const [log, faults, hosts] = [new MemoryLog(), [] as ConsumerStatus[], [] as ReactorHost[]];
  const checkpoints = await database.of(log);
  return {
    log,
    checkpoints,
    faults,
    newHost: (options = {}) => {
      const host = new ReactorHost(log, checkpoints, catalogue, {
        owner: `process-${hosts.length + 1}`,
        retry: SOON,
        checkpointEveryMs: 5,
        onFault: status => faults.push(status),
        ...options,
      });
      hosts.push(host);
      return host;
    },
    end: async () => {
      await Promise.all(hosts.map(host => host.stop()));
    },
  };
}

export const starter = (react: Reactor['react'], more: Partial<Reactor> = {}): Reactor => ({
  name: 'starter',
  types: ['StepReady'],
  react,
  ...more,
});
