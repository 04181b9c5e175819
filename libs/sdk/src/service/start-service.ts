import { hostname } from 'node:os';
import { catalogue } from '@runledger/contracts';
import { pause } from '@runledger/event-store';
import { Leases } from '@runledger/messaging';
import type { ConsumerStatus, RunningConsumer } from '@runledger/messaging';
import {
  Consumers,
  createLog,
  InternalServer,
  ObservedReactorHost,
  openTelemetry,
  OrderlyEnd,
  Readiness,
  showConsumers,
} from '@runledger/platform';
import type { Log, OpenedTelemetry } from '@runledger/platform';
import type { Pool } from 'pg';
import { UnknownConsumerNameError } from '../consuming/consumer-errors.js';
import { reactorOf } from '../consuming/consumer-reactor.js';
import type { Consumer } from '../consuming/define-consumer.js';
import { HandledEvents } from '../consuming/handled-events.js';
import { beginNow, replay } from '../consuming/replay.js';
import { DeadLetters } from '../letters/dead-letters.js';
import { openDatabases } from './databases.js';
import type { Databases } from './databases.js';
import type { Service } from './define-service.js';
import { Forgetting } from './forgetting.js';
import type { ServiceConfig } from './service.config.js';
import { openSources } from './sources.js';
import type { Sources } from './sources.js';

const TIDY_EVERY_MS = 60_000;

export interface StartOptions {
  readonly log?: Log;
  /** How long this process keeps its share when it falls silent, and how often it says that it lives; for specs. */
  readonly leases?: { readonly ttlMs: number; readonly heartbeatMs: number };
}

/** A service at work in this process. */
export interface RunningService {
  /** Of `/health/live`, `/health/ready` and `/metrics`. */
  readonly operationsUrl: string;
  /** Where events come from, for people. */
  readonly place: string;
  /** The service's own tables, found without a schema. */
  readonly database: Pool;
  readonly deadLetters: DeadLetters;
  readonly log: Log;
  status(): readonly ConsumerStatus[];
  /** Resolves when everything that is in the log now was handled, here or in another replica; dead letters count as handled. */
  caughtUp(): Promise<void>;
  /** See the consumer's `undo`. */
  replay(consumer: string, after: bigint): Promise<void>;
  /** Takes nothing more, finishes what is under way and hands the rest to other replicas. May be called again. */
  stop(): Promise<void>;
}

interface Opened {
  readonly service: Service;
  readonly config: ServiceConfig;
  readonly options: StartOptions;
  readonly log: Log;
  readonly telemetry: OpenedTelemetry;
  readonly server: InternalServer;
  readonly databases: Databases;
  readonly sources: Sources;
  readonly ending: OrderlyEnd;
}

/** Starts the service beside whatever replicas run already. Whatever fails, what was started until then is ended again. */
export async function startService(
  service: Service,
  config: ServiceConfig,
  options: StartOptions = {},
): Promise<RunningService> {
  const log = options.log ?? createLog({ level: config.logLevel, service: service.name });
  const ending = new OrderlyEnd(log);
  try {
    const telemetry = await openTelemetry(service.name, config.telemetry, log);
    ending.add('telemetry', () => telemetry.close());
    const server = await InternalServer.listen({ service: service.name, ...config.operations });
    ending.add('operations port', () => server.close());
    const databases = await openDatabases(service, config, error =>
      log.warn({ reason: error.message }, 'a database connection broke and will be made again'),
    );
    ending.add('databases', () => databases.close());
    const sources = await openSources(config, databases, log);
    ending.add('event log', () => sources.close());
    return await startConsumers({ service, config, options, log, telemetry, server, databases, sources, ending });
  } catch (error) {
    await ending.end().catch(() => undefined); // why it did not start says more than how it ended
    throw error;
  }
}

async function startConsumers(opened: Opened): Promise<RunningService> {
  const { service, log, server, databases, sources, ending } = opened;
  const { host, leases } = hostOf(opened);
  ending.add('leases', () => leases.stop());
  ending.add('consumers', () => host.stop());
  const readiness = readinessOf(opened, () => host.status());
  const running = new Map<string, RunningConsumer>();
  for (const consumer of service.consumers) {
    const handled = handledBy(consumer, databases);
    if (consumer.begin === 'now')
      await beginNow(consumer, () => sources.store.head(), { checkpoints: sources.checkpoints, handled });
    running.set(consumer.name, await host.start(reactorOf(consumer, { ...sources, handled })));
  }
  keepHouse(opened);
  server.serve(servedParts(opened, readiness, () => host.status()));
  ending.announceTo(readiness);
  const caughtUp = async () => {
    const head = await sources.store.head();
    await Promise.all([...running.values()].map(each => each.reached(head)));
  };
  return {
    operationsUrl: server.url,
    place: sources.place,
    database: databases.effects,
    deadLetters: new DeadLetters(sources.checkpoints.parked, service.consumers),
    log,
    status: () => host.status(),
    caughtUp,
    replay: (name, after) => replayIn(service, name, { after, databases, sources }),
    stop: () => ending.end(),
  };
}

function hostOf({ service, config, options, log, telemetry, sources }: Opened) {
  const owner = `${service.name}@${hostname()}:${process.pid}`;
  const leases = new Leases(sources.checkpoints, { ...options.leases, owner, sharing: 'shared', logger: log });
  const host = new ObservedReactorHost(telemetry, sources.events, sources.checkpoints, catalogue, {
    ...{ owner, leases, logger: log },
    maxPartitions: config.concurrency,
    onFault: status => log.error({ consumer: status.name, fault: status.fault?.code }, 'a consumer has stopped'),
  });
  return { host, leases };
}

function readinessOf({ sources }: Opened, status: () => readonly ConsumerStatus[]): Readiness {
  const readiness = new Readiness();
  readiness.add('event-store', async () => {
    await sources.store.head();
    return { ok: true };
  });
  readiness.add('consumers', () => {
    const faults = status().filter(({ state }) => state === 'faulted');
    const letters = status().reduce((sum, { parked = 0 }) => sum + parked, 0);
    if (faults.length > 0) {
      const lines = faults.map(({ name, fault }) => `${name} at ${fault?.position}: ${fault?.code}`);
      return { ok: false, message: `Stopped on a fault: ${lines.join('; ')}` };
    }
    return letters === 0 ? { ok: true } : { ok: true, message: `${letters} events are dead letters` };
  });
  return readiness;
}

function servedParts({ telemetry, sources, config }: Opened, readiness: Readiness, status: () => ConsumerStatus[]) {
  const consumers = new Consumers(sources.store);
  consumers.add('reactor', status);
  showConsumers(consumers, telemetry.metrics);
  return { readiness, consumers, metrics: telemetry.metrics, metricsAccess: config.telemetry.metrics };
}

/** What goes on beside the events. */
function keepHouse({ service, databases, log, ending }: Opened): void {
  const forgetting = new Forgetting(service.consumers, { ...databases, log });
  forgetting.start();
  ending.add('forgetting', () => forgetting.stop());
  const tidying = new AbortController();
  const tidied = tidyUp(service.consumers, { databases, log, signal: tidying.signal });
  ending.add('tidying', () => {
    tidying.abort();
    return tidied;
  });
}

async function tidyUp(
  consumers: readonly Consumer[],
  { databases, log, signal }: { readonly databases: Databases; readonly log: Log; readonly signal: AbortSignal },
): Promise<void> {
  for (await pause(TIDY_EVERY_MS, signal); !signal.aborted; await pause(TIDY_EVERY_MS, signal)) {
    try {
      for (const consumer of consumers) await handledBy(consumer, databases).tidy();
    } catch (error) {
      log.warn({ err: error }, 'notes of handled events could not be tidied up; it is tried again');
    }
  }
}

function handledBy({ name }: Consumer, { effects }: Databases): HandledEvents {
  return new HandledEvents(effects, name);
}

/** Also for commands beside a running service. */
export async function replayIn(
  { consumers }: Service,
  name: string,
  { after, databases, sources }: { readonly after: bigint; readonly databases: Databases; readonly sources: Sources },
): Promise<void> {
  const consumer = consumers.find(each => each.name === name);
  const names = consumers.map(each => each.name);
  if (!consumer) throw new UnknownConsumerNameError(name, names);
  await replay(consumer, after, { checkpoints: sources.checkpoints, handled: handledBy(consumer, databases) });
}
