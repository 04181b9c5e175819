import { hostname } from 'node:os';
import { join } from 'node:path';
import { commandCallers, DEPLOYED_SERVICES } from '@runledger/contracts';
import type { DeployedService, ServiceName } from '@runledger/contracts';
import { absolute, InvalidConfigError, parseConfig } from '@runledger/platform';
import { z } from 'zod';
import { logLevel, readParts, type PartsConfig } from '../parts.config.js';

const port = z.coerce.number().int().min(0).max(65_535);
const callersOf = (service: ServiceName) => commandCallers[service].map(sender => `the ${sender}`).join(' and ');
const addresses = z
  .string()
  .regex(/^https?:\/\/[^\s,/]+(,https?:\/\/[^\s,/]+)*$/)
  .optional();
const whereIs = (service: ServiceName) =>
  addresses.describe(
    `http://host:port of the internal port of ${service}, for ${callersOf(service)}; of all replicas, separated by commas`,
  );

const schema = z.object({
  PORT: port.default(4_000).describe('the port of the API, for the gateway; 0 takes a free one'),
  HOST: z.string().default('127.0.0.1').describe('the address that the API listens on, for the gateway'),
  INTERNAL_PORT: port.default(4_100).describe('the port for the other services and for probes; 0 takes a free one'),
  INTERNAL_HOST: z.string().default('127.0.0.1').describe('the address that the internal port listens on'),
  REPLICA: z.string().optional().describe('what this replica is called in logs; by default the name of the host'),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//)
    .describe('postgres://user:password@host:port/database of a PostgreSQL 17 or later'),
  RUNLEDGER_HOME: z.string().default('.runledger').describe('the directory that holds blobs/, shared by all services'),
  RUNLEDGER_SECRETS_DIR: z
    .string()
    .optional()
    .describe(
      'the directory of pepper, export-cursors, audit-signing, and the keys of those who send commands; by default RUNLEDGER_HOME',
    ),
  SANDBOX_HOME: z
    .string()
    .optional()
    .describe('a directory for the sandboxes of this replica alone; by default sandboxes/ in RUNLEDGER_HOME'),
  CONNECTED_PROVIDERS: z
    .string()
    .default('scripted')
    .describe('the providers that the sandbox service has keys for, separated by commas, for the orchestrator'),
  ORCHESTRATOR_URLS: whereIs('orchestrator'),
  SANDBOX_URLS: whereIs('sandbox'),
  APPROVAL_URLS: whereIs('approval'),
  BILLING_URLS: whereIs('billing'),
  AUDIT_URLS: whereIs('audit'),
  LOG_LEVEL: logLevel,
});

const ADDRESSES = {
  orchestrator: 'ORCHESTRATOR_URLS',
  sandbox: 'SANDBOX_URLS',
  approval: 'APPROVAL_URLS',
  billing: 'BILLING_URLS',
  audit: 'AUDIT_URLS',
} as const satisfies Record<ServiceName, string>;

/** Beside those that a platform in one process reads as well. */
export const serviceVariables = schema.omit({
  PORT: true,
  HOST: true,
  DATABASE_URL: true,
  RUNLEDGER_HOME: true,
  LOG_LEVEL: true,
});

type Values = z.output<typeof schema>;

/** How the process of one service is set up. Paths are absolute. Holds credentials: never log it. */
export interface ServiceConfig extends PartsConfig {
  readonly service: DeployedService;
  readonly replica: string;
  /** Where the gateway's API listens. */
  readonly api: { readonly host: string; readonly port: number };
  readonly internal: { readonly host: string; readonly port: number };
  readonly databaseUrl: string;
  readonly home: string;
  readonly secretsDir: string;
  readonly sandboxHome: string;
  readonly connectedProviders: readonly string[];
  /** Base URLs of those who answer commands. */
  readonly addresses: Readonly<Record<ServiceName, readonly string[]>>;
  readonly logLevel: Values['LOG_LEVEL'];
}

/** A service that is told to stop is most often started again: agents that work need not be disturbed. */
const LEAVING = { SANDBOX_AGENTS_AT_STOP: 'leave' };

/** Undefined when there is no such service. */
export function deployedService(name: string | undefined): DeployedService | undefined {
  return DEPLOYED_SERVICES.find(service => service === name);
}

/** Throws `InvalidConfigError`, which lists every variable that cannot be used. */
export function readServiceConfig(service: DeployedService, environment = process.env): ServiceConfig {
  const own = () => valuesOf(service, environment);
  const [values, parts] = readParts(own, { ...LEAVING, ...environment });
  const home = absolute(values.RUNLEDGER_HOME);
  return {
    ...parts,
    service,
    replica: values.REPLICA ?? hostname(),
    api: { host: values.HOST, port: values.PORT },
    internal: { host: values.INTERNAL_HOST, port: values.INTERNAL_PORT },
    databaseUrl: values.DATABASE_URL,
    home,
    secretsDir: values.RUNLEDGER_SECRETS_DIR === undefined ? home : absolute(values.RUNLEDGER_SECRETS_DIR),
    sandboxHome: values.SANDBOX_HOME === undefined ? join(home, 'sandboxes') : absolute(values.SANDBOX_HOME),
    connectedProviders: values.CONNECTED_PROVIDERS.split(','),
    addresses: addressesOf(values),
    logLevel: values.LOG_LEVEL,
  };
}

/** Who sends commands must know where to. */
function valuesOf(service: DeployedService, environment: NodeJS.ProcessEnv): Values {
  const values = parseConfig(schema, environment);
  const asked = (Object.keys(ADDRESSES) as ServiceName[]).filter(other =>
    commandCallers[other].some(sender => sender === service),
  );
  const missing = asked.map(other => ADDRESSES[other]).filter(variable => values[variable] === undefined);
  if (missing.length === 0) return values;
  throw new InvalidConfigError(
    missing.map(variable => ({
      variable,
      message: 'is not set',
      fix: `Set it to ${schema.shape[variable].description ?? 'the addresses of the service'}.`,
    })),
  );
}

function addressesOf(values: Values): ServiceConfig['addresses'] {
  return {
    orchestrator: listed(values.ORCHESTRATOR_URLS),
    sandbox: listed(values.SANDBOX_URLS),
    approval: listed(values.APPROVAL_URLS),
    billing: listed(values.BILLING_URLS),
    audit: listed(values.AUDIT_URLS),
  };
}

function listed(addresses = ''): string[] {
  return addresses.split(',').filter(address => address !== '');
}
