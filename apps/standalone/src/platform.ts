import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { CommandContext } from '@runledger/event-store';
import { newUuid } from '@runledger/event-store';
import { AccessDesk, gatewayAdapter, openPepper, ReadModels } from '@runledger/gateway';
import {
  COMMAND_CLIENT,
  Consumers,
  createLog,
  lockHome,
  NestLog,
  openTelemetry,
  OrderlyEnd,
  Readiness,
  systemClock,
} from '@runledger/platform';
import type { CommandClient, HomeLock } from '@runledger/platform';
import { installSample, startSampleRun } from './sample/sample.js';
import { StandaloneModule } from './standalone.module.js';
import type { StandaloneParts } from './standalone.module.js';
import type { StandaloneConfig } from './standalone.config.js';
import { CannotListenError } from './start-errors.js';
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
  stop(): Promise<void>;
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
  const stop = () => ending.end();
  try {
    const lock: HomeLock = await lockHome(config.home);
    ending.add('home lock', () => lock.release());
    const telemetry = await openTelemetry('standalone');
    ending.add('telemetry', () => telemetry.close());
    const storage = await openStorage(config, log, options.onLost);
    ending.add('storage', () => storage.close(), STORAGE_WITHIN_MS);
    const relay = await storage.startRelay();
    const app = await createApp({ config, storage, log, telemetry });
    ending.add('application', () => app.close(), APPLICATION_WITHIN_MS);
    ending.announceTo(app.get(Readiness));
    if (relay) app.get(Consumers).add('relay', () => [relay.status()]);
    const url = await listen(app, config);
    const access = await ownerAccess(app, config.home);
    if (config.sample) await prepareSample(app, config.home, access, options.sampleRun);
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

async function createApp(parts: Omit<StandaloneParts, 'pepper'>): Promise<NestFastifyApplication> {
  const { config, log } = parts;
  const pepper = await openPepper(join(config.home, 'pepper'));
  const module = StandaloneModule.register({ ...parts, pepper });
  return NestFactory.create<NestFastifyApplication>(module, gatewayAdapter(), {
    logger: new NestLog(log),
    abortOnError: false,
  });
}

/** Listens, and says where. On the server itself: Nest would log a taken port as well as throw it. */
async function listen(app: NestFastifyApplication, { port, host }: StandaloneConfig): Promise<string> {
  await app.init();
  try {
    const url = await app.getHttpAdapter().getInstance().listen({ port, host });
    return url.replace('[::1]', '127.0.0.1');
  } catch (error) {
    const isOfTheSocket = (error as NodeJS.ErrnoException).syscall !== undefined;
    throw isOfTheSocket ? new CannotListenError(host, port, error as NodeJS.ErrnoException) : error;
  }
}

interface OwnerAccess {
  readonly workspaceId: string;
  readonly memberId: string;
  readonly token: string;
  readonly isNew: boolean;
}

/** The owner's token lies in the home folder, for its owner alone; a lost one is replaced. */
async function ownerAccess(app: NestFastifyApplication, home: string): Promise<OwnerAccess> {
  const file = join(home, 'token');
  const kept = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  const owner = await app.get(AccessDesk).bootstrapWorkspace({ freshToken: kept === undefined });
  const token = owner.token ?? kept?.trim() ?? '';
  if (owner.token !== undefined) await writeFile(file, `${owner.token}\n`, { mode: 0o600 });
  return { workspaceId: owner.workspaceId, memberId: owner.memberId, token, isNew: kept === undefined };
}

async function prepareSample(
  app: NestFastifyApplication,
  home: string,
  access: OwnerAccess,
  startsRun: boolean,
): Promise<void> {
  const commandId = newUuid();
  const context: CommandContext = {
    commandId,
    workspaceId: access.workspaceId,
    actor: { kind: 'member', id: access.memberId, name: 'Owner', via: 'setup' },
    occurredAt: systemClock.now(),
    correlationId: commandId,
  };
  const commands = app.get<CommandClient>(COMMAND_CLIENT);
  await installSample(home, commands, context);
  if (!startsRun) return;
  const { position } = await startSampleRun(commands, context);
  if (position !== undefined) await app.get(ReadModels).reach(position);
}
