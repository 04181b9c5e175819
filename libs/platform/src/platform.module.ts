import { hostname } from 'node:os';
import { Module } from '@nestjs/common';
import type { DynamicModule, OnApplicationShutdown } from '@nestjs/common';
import { CommandHandler } from '@runledger/event-store';
import type { EventStore, SharedCheckpoints } from '@runledger/event-store';
import type { EventCatalogue } from '@runledger/kernel';
import { Leases, ReactorHost } from '@runledger/messaging';
import type { Distribution, LeasesOptions } from '@runledger/messaging';
import type { BlobStore } from './blobs/index.js';
import {
  BLOB_STORE,
  CHECKPOINTS,
  CLOCK,
  COMMAND_CLIENT,
  DISTRIBUTION,
  EVENT_STORE,
  STORED_LOG,
} from './commands/command-client.js';
import type { Clock, CommandClient } from './commands/command-client.js';
import { CommandRegistry } from './commands/command-registry.js';
import { InProcessCommands } from './commands/in-process-commands.js';
import { showConsumers } from './health/consumer-metrics.js';
import { Consumers } from './health/consumers.js';
import { Readiness } from './health/readiness.js';
import type { CheckResult } from './health/readiness.js';
import type { Log } from './logs/create-log.js';
import { Metrics } from './metrics/metrics.js';
import { carryingCommands } from './observed/carrying-commands.js';
import { showFeed } from './observed/feed-metrics.js';
import { showLog } from './observed/log-metrics.js';
import { commandObserver } from './observed/observed-commands.js';
import { ObservedReactorHost } from './observed/observed-reactors.js';
import { observedStore } from './observed/observed-store.js';
import { silentTelemetry, TELEMETRY } from './observed/telemetry.js';
import type { Telemetry } from './observed/telemetry.js';
import { PersonalData } from './personal/personal-data.js';
import { personalCheckpoints } from './personal/personal-parking.js';
import { SubjectKeys } from './personal/subject-keys.js';
import { readable } from './readable-store.js';
import { systemClock } from './system-clock.js';

/** The parts that every service of a process shares. Whoever made them closes them after the application. */
export interface PlatformOptions {
  readonly store: EventStore;
  readonly checkpoints: SharedCheckpoints;
  readonly blobs: BlobStore;
  /** Every event type that the reactors of this process read. */
  readonly catalogue: EventCatalogue;
  /** Under which personal fields of events are sealed; left out, they are stored as they are. */
  readonly subjectKeys?: SubjectKeys;
  /** How commands are sent to the services that own them; default: they are answered in this process. */
  readonly commands?: CommandClient;
  /** Default: {@link systemClock}. */
  readonly clock?: Clock;
  /** How events reach reactors, projections and whoever else follows the log; default: straight from the store. */
  readonly distribution?: Distribution;
  /** More readiness checks, by name, beside those of the store and the reactors. */
  readonly checks?: Readonly<Record<string, () => CheckResult | Promise<CheckResult>>>;
  readonly log?: Log;
  /** Where this process writes down what it does; default: nowhere. */
  readonly telemetry?: Telemetry;
  /** Names this process in checkpoints; default: host name and process number. */
  readonly owner?: string;
  /** Whether other processes share the consumers of this one; default: it is the only one. */
  readonly leases?: Pick<LeasesOptions, 'sharing' | 'ttlMs' | 'heartbeatMs'>;
}

/**
 * Provides to all modules: `EVENT_STORE`, `STORED_LOG`, `DISTRIBUTION`, `CHECKPOINTS`, `BLOB_STORE`, `CLOCK`, `COMMAND_CLIENT`, `TELEMETRY`, and the
 * classes `CommandHandler`, `CommandRegistry`, `Leases`, `ReactorHost`, `Readiness`, `Consumers`, `Metrics`. A reactor that stopped on a fault makes the process
 * not ready.
 */
@Module({})
export class PlatformModule implements OnApplicationShutdown {
  constructor(
    private readonly reactors: ReactorHost,
    private readonly leases: Leases,
  ) {}

  static register(options: PlatformOptions): DynamicModule {
    const telemetry = options.telemetry ?? silentTelemetry();
    const watched = (whole: EventStore) => observedStore(whole, telemetry);
    const { store, source } = readable(options.store, options.distribution, { ...options, watched });
    const checkpoints = sealing(options);
    const values = [
      { provide: TELEMETRY, useValue: telemetry },
      { provide: Metrics, useValue: telemetry.metrics },
      { provide: EVENT_STORE, useValue: store },
      { provide: STORED_LOG, useValue: options.store },
      { provide: DISTRIBUTION, useValue: source },
      { provide: CHECKPOINTS, useValue: checkpoints },
      { provide: BLOB_STORE, useValue: options.blobs },
      { provide: SubjectKeys, useValue: options.subjectKeys ?? null },
      { provide: CLOCK, useValue: options.clock ?? systemClock },
      { provide: CommandHandler, useValue: new CommandHandler(store) },
    ];
    const registry = new CommandRegistry(commandObserver(telemetry));
    const commands = [
      { provide: CommandRegistry, useValue: registry },
      { provide: COMMAND_CLIENT, useValue: commandClient(options, registry) },
    ];
    const { leases, reactors, readiness, consumers } = runningParts({ ...options, checkpoints }, source, telemetry);
    showLog(options.store, telemetry.metrics);
    showFeed(options.distribution, telemetry.metrics);
    showConsumers(consumers, telemetry.metrics);
    const running = [
      { provide: Consumers, useValue: consumers },
      { provide: Leases, useValue: leases },
      { provide: ReactorHost, useValue: reactors },
      { provide: Readiness, useValue: readiness },
    ];
    const providers = [...values, ...commands, ...running];
    return {
      module: PlatformModule,
      global: true,
      providers,
      exports: providers.map(({ provide }) => provide),
    };
  }

  /** Services stop their own reactors earlier; this ends what a service that failed to start has left running. */
  async onApplicationShutdown(): Promise<void> {
    await this.reactors.stop();
    await this.leases.stop();
  }
}

function sealing({ checkpoints, subjectKeys, catalogue }: PlatformOptions): SharedCheckpoints {
  return subjectKeys ? personalCheckpoints(checkpoints, new PersonalData(subjectKeys, catalogue)) : checkpoints;
}

function commandClient({ commands }: PlatformOptions, registry: CommandRegistry): CommandClient {
  return commands ? carryingCommands(commands) : new InProcessCommands(registry);
}

function runningParts(options: PlatformOptions, source: Distribution, telemetry: Telemetry) {
  const owner = options.owner ?? `${hostname()}:${process.pid}`;
  const named = { owner, ...(options.log === undefined ? {} : { logger: options.log }) };
  const leases = new Leases(options.checkpoints, { ...options.leases, ...named });
  const reactors = new ObservedReactorHost(telemetry, source, options.checkpoints, options.catalogue, {
    ...named,
    leases,
  });
  const readiness = new Readiness();
  readiness.add('reactors', () => reactorsResult(reactors));
  readiness.add('event-store', async () => {
    await options.store.head();
    return { ok: true };
  });
  for (const [name, check] of Object.entries(options.checks ?? {})) readiness.add(name, check);
  const consumers = new Consumers(options.store);
  consumers.add('reactor', () => reactors.status());
  return { leases, reactors, readiness, consumers };
}

function reactorsResult(reactors: ReactorHost): CheckResult {
  const statuses = reactors.status();
  const faults = statuses.filter(({ state }) => state === 'faulted');
  const parked = statuses.reduce((sum, status) => sum + (status.parked ?? 0), 0);
  if (faults.length === 0 && parked === 0) return { ok: true };
  // Somebody should look at them, but this process does its work.
  if (faults.length === 0) return { ok: true, message: `${parked} events are parked` };
  const lines = faults.map(({ name, fault }) => `${name} at ${fault?.position} (${fault?.eventType}): ${fault?.code}`);
  return { ok: false, message: `Stopped on a fault: ${lines.join('; ')}` };
}
