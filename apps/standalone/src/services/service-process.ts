import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import {
  CommandIntake,
  CommandRegistry,
  Consumers,
  createLog,
  InternalServer,
  NestLog,
  openTelemetry,
  OrderlyEnd,
  Readiness,
  showConsumers,
} from '@runledger/platform';
import type { Log, ServedParts, Telemetry } from '@runledger/platform';
import { closeOn } from '../closing.js';
import { listen, orCannotListen } from '../listen.js';
import { openStorage } from '../storage.js';
import type { Storage } from '../storage.js';
import { RequestsUnderWay } from './requests-under-way.js';
import { callerCheck } from './secrets.js';
import type { ServiceConfig } from './service.config.js';
import { RelayUnneededError } from './service-errors.js';
import { ServiceModule } from './service.module.js';
import type { ModularService } from './service.module.js';

/** How long a stop waits for commands and requests that are being answered. */
const FINISH_WITHIN_MS = 8_000;

/** A service at work in this process. */
export interface ServiceProcess {
  readonly internalUrl: string;
  /** Of the gateway's API. */
  readonly apiUrl?: string;
  /** Not ready first; then what is under way is finished, what is held is handed over, and all is closed. May be called again. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

interface Starting {
  readonly config: ServiceConfig;
  readonly log: Log;
  readonly telemetry: Telemetry;
  readonly internal: InternalServer;
  readonly storage: Storage;
  readonly ending: OrderlyEnd;
  /** With what it was asked to end. */
  readonly asked: { signal?: NodeJS.Signals };
}

/** Starts one service. Whatever fails, what was started until then is ended again. */
export async function startService(config: ServiceConfig): Promise<ServiceProcess> {
  const destination = { write: (line: string) => void process.stderr.write(line) };
  const { service, replica, logLevel: level } = config;
  const log = createLog({ level, service, destination }).child({ replica });
  const ending = new OrderlyEnd(log);
  const asked: Starting['asked'] = {};
  const stop = (signal?: NodeJS.Signals) => {
    if (signal !== undefined) asked.signal ??= signal;
    return ending.end();
  };
  try {
    const telemetry = await openTelemetry(service, config.telemetry, log);
    ending.add('telemetry', () => telemetry.close());
    const internal = await orCannotListen(InternalServer.listen({ service, ...config.internal }), config.internal);
    ending.add('internal port', () => internal.close());
    const storage = await openStorage(config, log, () => undefined); // nothing is embedded here, so nothing can be lost
    ending.add('storage', () => storage.close());
    const apiUrl = await startWork({ config, log, telemetry, internal, storage, ending, asked });
    return { internalUrl: internal.url, ...(apiUrl === undefined ? {} : { apiUrl }), stop };
  } catch (error) {
    await ending.end();
    throw error;
  }
}

async function startWork(starting: Starting): Promise<string | undefined> {
  const { service } = starting.config;
  switch (service) {
    case 'relay':
      return startRelay(starting);
    case 'gateway':
      return startGateway(starting);
    case 'orchestrator':
    case 'sandbox':
    case 'approval':
    case 'billing':
    case 'audit':
      return startAnswering(service, starting);
  }
}

/** What only relays has no application: it reads the log, and says how it stands. */
async function startRelay(starting: Starting): Promise<undefined> {
  const { config, telemetry, storage, ending } = starting;
  const relay = await storage.startRelay();
  if (!relay) throw new RelayUnneededError();
  ending.add('relay', () => relay.stop());
  const readiness = new Readiness();
  readiness.add('relay', () => {
    const { fault } = relay.status();
    return fault ? { ok: false, message: fault.message } : { ok: true };
  });
  const consumers = new Consumers(storage.store);
  consumers.add('relay', () => [relay.status()]);
  showConsumers(consumers, telemetry.metrics);
  serve(starting, { readiness, consumers, metrics: telemetry.metrics, metricsAccess: config.telemetry.metrics });
}

async function startAnswering(service: Exclude<ModularService, 'gateway'>, starting: Starting): Promise<undefined> {
  const { config, log, ending, asked } = starting;
  const tokens = await callerCheck(config.secretsDir, service);
  const module = await ServiceModule.register(service, starting);
  const app = await NestFactory.createApplicationContext(module, { logger: new NestLog(log), abortOnError: false });
  ending.add('application', () => closeOn(app, asked.signal));
  const intake = new CommandIntake({ service, registry: app.get(CommandRegistry), tokens, log });
  serve(starting, { intake, ...pagesOf(app, starting) });
}

async function startGateway(starting: Starting): Promise<string> {
  const { config, log, ending, asked } = starting;
  const { gatewayAdapter } = await import('@runledger/gateway');
  const module = await ServiceModule.register('gateway', starting);
  const app = await NestFactory.create<NestFastifyApplication>(module, gatewayAdapter(), {
    logger: new NestLog(log),
    abortOnError: false,
  });
  const requests = new RequestsUnderWay(app);
  ending.add('application', () => closeOn(app, asked.signal));
  const url = await listen(app, config.api);
  ending.add('requests', async () => {
    if (!(await requests.finish(FINISH_WITHIN_MS))) log.warn('requests were still being answered at the stop');
  });
  serve(starting, pagesOf(app, starting));
  return url;
}

/** From here on the process is ready; when it ends, that is the first thing which ends. */
function serve({ internal, log, ending }: Starting, parts: ServedParts): void {
  internal.serve(parts);
  ending.announceTo(parts.readiness);
  ending.add('commands', async () => {
    // Callers send what was not finished again, to others (R1).
    if (!(await internal.drain(FINISH_WITHIN_MS))) log.warn('commands were still being answered at the stop');
  });
}

function pagesOf(app: INestApplicationContext, { config, telemetry }: Starting): ServedParts {
  const { metrics } = telemetry;
  const metricsAccess = config.telemetry.metrics;
  return { readiness: app.get(Readiness), consumers: app.get(Consumers), metrics, metricsAccess };
}
