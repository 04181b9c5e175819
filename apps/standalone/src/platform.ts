import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { CommandContext } from '@runledger/event-store';
import { AccessDesk, gatewayAdapter, ReadModels } from '@runledger/gateway';
import {
  COMMAND_CLIENT,
  Consumers,
  createLog,
  lockHome,
  NestLog,
  openSecretBytes,
  openTelemetry,
  OrderlyEnd,
  Readiness,
} from '@runledger/platform';
import { functionsOf } from '@runledger/orchestrator';
import type { CommandClient, HomeLock } from '@runledger/platform';
import { closeOn } from './closing.js';
import { listen } from './listen.js';
import { ownerAccess, ownersContext } from './owner-access.js';
import { installSample, startSampleRun } from './sample/sample.js';
import { auditSigning } from './services/secrets.js';
import { StandaloneModule } from './standalone.module.js';
import type { StandaloneParts } from './standalone.module.js';
import type { StandaloneConfig } from './standalone.config.js';
import { openStorage } from './storage.js';

/** Reactions and attempts that are under way are given up within ten seconds, and what remains of them is killed. */
const APPLICATION_WITHIN_MS = 30_000;
/** An embedded server writes down what it holds before it ends. */
const STORAGE_WITHIN_MS = 60_000;

/** A platform that answers. */
export interface Platform {
  readonly url: string;
  /** Of the owner of the first workspace. */
  readonly token: string;
  /** True when this home folder was used for the first time. */
  readonly firstBoot: boolean;
  /** How the database was found: started, adopted or external. */
  readonly database: string;
  /** Where the log is and how it reaches its followers. */
  readonly log: string;
  /** Ends everything that was started, in the opposite order. May be called again. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/**
 * Starts all services in this process and, when asked for, publishes the sample and starts its first run. Whatever fails,
 * what was started until then is ended again. `onLost` hears when the platform cannot go on by itself: stop it then.
 */
export async function startPlatform(
  config: StandaloneConfig,
  options: { readonly sampleRun: boolean; readonly onLost: (error: unknown) => void },
): Promise<Platform> {
  // Standard output is for people, and for the one document of a demo.
  const destination = { write: (line: string) => void process.stderr.write(line) };
  const log = createLog({ level: config.logLevel, service: 'standalone', destination });
  const ending = new OrderlyEnd(log);
  let asked: NodeJS.Signals | undefined;
  const stop = (signal?: NodeJS.Signals) => {
    asked ??= signal;
    return ending.end();
  };
  try {
    const functions = await functionsOf(config.functions); // before a database is started for nothing
    const lock: HomeLock = await lockHome(config.home);
    ending.add('home lock', () => lock.release());
    const telemetry = await openTelemetry('standalone', config.telemetry, log);
    ending.add('telemetry', () => telemetry.close());
    const storage = await openStorage(config, log, options.onLost);
    ending.add('storage', () => storage.close(), STORAGE_WITHIN_MS);
    const relay = await storage.startRelay();
    const app = await createApp({ config, functions, storage, log, telemetry });
    ending.add('application', () => closeOn(app, asked), APPLICATION_WITHIN_MS);
    ending.announceTo(app.get(Readiness));
    if (relay) app.get(Consumers).add('relay', () => [relay.status()]);
    const url = await listen(app, config);
    const access = await ownerAccess(app.get(AccessDesk), config.home);
    if (config.sample) await prepareSample(app, config.home, ownersContext(access), options.sampleRun);
    return {
      url,
      token: access.token,
      firstBoot: access.isNew,
      database: storage.postgres.started,
      log: storage.logPlace,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function createApp(parts: Omit<StandaloneParts, 'pepper' | 'signing'>): Promise<NestFastifyApplication> {
  const { config, log } = parts;
  const pepper = await openSecretBytes(join(config.home, 'pepper'));
  const module = StandaloneModule.register({ ...parts, pepper, signing: await auditSigning(config.home) });
  return NestFactory.create<NestFastifyApplication>(module, gatewayAdapter(), {
    logger: new NestLog(log),
    abortOnError: false,
  });
}

async function prepareSample(
  app: NestFastifyApplication,
  home: string,
  context: CommandContext,
  startsRun: boolean,
): Promise<void> {
  const commands = app.get<CommandClient>(COMMAND_CLIENT);
  await installSample(home, commands, context);
  if (!startsRun) return;
  const { position } = await startSampleRun(commands, context);
  if (position !== undefined) await app.get(ReadModels).reach(position);
}
