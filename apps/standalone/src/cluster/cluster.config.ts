import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DEPLOYED_SERVICES } from '@runledger/contracts';
import type { DeployedService } from '@runledger/contracts';
import { InvalidConfigError } from '@runledger/platform';
import { connectedProviders } from '@runledger/sandbox/config';
import { deployedService } from '../services/service.config.js';
import { readStandaloneConfig } from '../standalone.config.js';
import type { StandaloneConfig } from '../standalone.config.js';

/** How many processes each service has. */
export type Replicas = Readonly<Record<DeployedService, number>>;

/** How a cluster on this machine is set up. Holds credentials: never log it. */
export interface ClusterConfig extends StandaloneConfig {
  readonly replicas: Replicas;
}

/** One process of the cluster and where it listens. */
export interface Seat {
  readonly service: DeployedService;
  /** From 1 within its service. */
  readonly number: number;
  readonly internalPort: number;
  /** Of the gateway's API. */
  readonly apiPort?: number;
}

/** What the process in a seat must know beside its seat. */
export interface Surroundings {
  readonly config: ClusterConfig;
  readonly databaseUrl: string;
  readonly seats: readonly Seat[];
}

const INTERNAL_HOST = '127.0.0.1';
const MOST_REPLICAS = 32;
const ONE_OF_EACH = { gateway: 1, orchestrator: 1, sandbox: 1, approval: 1, billing: 1, audit: 1 };
/** Variables that hold keys of model providers begin so: only the sandbox service gets them (S1). */
const OF_PROVIDERS = /^(?:ANTHROPIC|OPENAI_COMPATIBLE)_/;

/** `args`: what stands behind the program, such as `--replicas orchestrator=2,sandbox=2`. Throws `InvalidConfigError`. */
export function readClusterConfig(args: readonly string[], environment = process.env): ClusterConfig {
  const config = readStandaloneConfig(environment);
  const asked = replicasOf(optionOf(args));
  const relay = config.storage.distribution.kind === 'kafka' ? (asked.relay ?? 1) : 0;
  return { ...config, replicas: { ...ONE_OF_EACH, ...asked, relay } };
}

export function internalUrl({ internalPort }: Seat): string {
  return `http://${INTERNAL_HOST}:${internalPort}`;
}

/** What the process in a seat finds in its environment: what we found in ours, less what it need not know. */
export function seatEnvironment(
  seat: Seat,
  { config, databaseUrl, seats }: Surroundings,
  environment = process.env,
): NodeJS.ProcessEnv {
  const own: NodeJS.ProcessEnv = {
    DATABASE_URL: databaseUrl,
    MIGRATE: 'off', // the supervisor has
    RUNLEDGER_HOME: config.home,
    RUNLEDGER_SECRETS_DIR: config.home,
    SANDBOX_HOME: sandboxHome(config, seat),
    CONNECTED_PROVIDERS: connectedProviders(config.sandbox.providers).join(','),
    REPLICA: String(seat.number),
    INTERNAL_HOST,
    INTERNAL_PORT: String(seat.internalPort),
    HOST: config.host,
    PORT: String(seat.apiPort ?? 0),
    ...addressVariables(seats),
  };
  const isKept = (name: string) =>
    !(name.replace(/_FILE$/, '') in own) && (seat.service === 'sandbox' || !OF_PROVIDERS.test(name));
  return { ...Object.fromEntries(Object.entries(environment).filter(([name]) => isKept(name))), ...own };
}

/** Each replica has sandboxes of its own. */
function sandboxHome({ home }: ClusterConfig, { number }: Seat): string {
  return join(home, 'sandboxes', String(number));
}

/** `ORCHESTRATOR_URLS` and so on. */
function addressVariables(seats: readonly Seat[]): Record<string, string> {
  const services = new Set(seats.map(({ service }) => service));
  return Object.fromEntries(
    [...services].map(service => [
      `${service.toUpperCase()}_URLS`,
      seats
        .filter(seat => seat.service === service)
        .map(internalUrl)
        .join(','),
    ]),
  );
}

function optionOf(args: readonly string[]): string {
  try {
    const { values } = parseArgs({ args: [...args], options: { replicas: { type: 'string', default: '' } } });
    return values.replicas;
  } catch (error) {
    throw misfit((error as Error).message.replace(/\.$/, ''));
  }
}

function replicasOf(option: string): Partial<Replicas> {
  const parts = option.split(',').filter(part => part !== '');
  return Object.fromEntries(
    parts.map(part => {
      const [, name, count] = /^([a-z]+)=(\d+)$/.exec(part) ?? [];
      const service = deployedService(name);
      const number = Number(count);
      if (service === undefined) throw misfit(`"${part}" names no service`);
      if (number < 1 || number > MOST_REPLICAS) throw misfit(`"${part}" is no number from 1 to ${MOST_REPLICAS}`);
      return [service, number];
    }),
  );
}

function misfit(message: string): InvalidConfigError {
  const fix = `Write it like --replicas orchestrator=2,sandbox=2; the services are ${DEPLOYED_SERVICES.join(', ')}.`;
  return new InvalidConfigError([{ variable: '--replicas', message, fix }]);
}
