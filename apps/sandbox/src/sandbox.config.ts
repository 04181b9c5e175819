import { isAbsolute } from 'node:path';
import { isAddressRange, parseConfig } from '@runledger/platform';
import { z } from 'zod';
import { versioned } from './agent/operator-providers.js';
import type { ProviderSettings } from './agent/operator-providers.js';
import { containerSettings, containerVariables } from './container/container.config.js';
import type { ContainerSettings } from './container/container.config.js';

export { connectedProviders } from './agent/operator-providers.js';

const url = z.url({ protocol: /^https?$/ });

const schema = z.object({
  ANTHROPIC_API_KEY: z.string().optional().describe('an API key of Anthropic'),
  ANTHROPIC_BASE_URL: url.optional().describe('the http(s) address of an Anthropic-compatible API'),
  OPENAI_COMPATIBLE_BASE_URL: url
    .optional()
    .describe('the http(s) address of an OpenAI-compatible API, such as http://127.0.0.1:11434/v1 for Ollama'),
  OPENAI_COMPATIBLE_API_KEY: z.string().optional().describe('the API key of that API; local ones need none'),
  RUNLEDGER_VAULT_KEY: z
    .string()
    .regex(/^[0-9a-fA-F]{64}([\s,]+[0-9a-fA-F]{64})*$/, 'not 64 hex digits for each key')
    .optional()
    .describe(
      'the key that seals the secrets of integrations, 32 bytes in hex; behind a comma older keys, which only open. By default one is made in the file vault.key',
    ),
  SANDBOX_MAX_ATTEMPTS: z.coerce
    .number()
    .int()
    .min(1)
    .max(1_000)
    .default(8)
    .describe('how many steps may execute at a time'),
  SANDBOX_RETURN_SECONDS: z.coerce
    .number()
    .min(0)
    .max(86_400)
    .default(30)
    .describe('how long the runs of a stopped worker wait for its return before others take them; 0, if it stays away'),
  SANDBOX_HOLD_SECONDS: z.coerce
    .number()
    .min(0)
    .max(86_400)
    .default(600)
    .describe(
      'how long an interactive run that waits keeps its container of Docker. Files stay in any case; what needs no container holds no process, and neither does a background run',
    ),
  SANDBOX_AGENTS: z
    .enum(['runner', 'service'])
    .default('runner')
    .describe(
      'where the loop of an agent runs: in a process of its own, which outlives the service, or in the service',
    ),
  SANDBOX_AGENTS_AT_STOP: z
    .enum(['end', 'leave'])
    .default('end')
    .describe(
      'what becomes of working runners when the service is told to stop: they end, and go on at the next start, or they are left to work; a service in a process of its own leaves them unless told otherwise',
    ),
  SANDBOX_AGENT_HOLD_SECONDS: z.coerce
    .number()
    .min(0)
    .max(3_600)
    .default(10)
    .describe(
      'how long a command-line agent that waits for people is kept as it is; then it is ended, and goes on with its conversation when they have answered',
    ),
  SANDBOX_MOUNT_SOURCES: z
    .string()
    .default('')
    .refine(list => directoriesOf(list).every(path => isAbsolute(path)), 'a path is not absolute')
    .describe('absolute directories, separated by colons, below which profiles may mount'),
  SANDBOX_PRIVATE_NETWORKS: z
    .string()
    .default('')
    .refine(list => rangesOf(list).every(isAddressRange), 'a range is not written like 10.1.0.0/16')
    .describe(
      'ranges of addresses, separated by commas, that are not public and that listed hosts of profiles may lead to; never the metadata services of clouds',
    ),
  RUNLEDGER_ALLOW_PROCESS_ISOLATION: z
    .enum(['yes', 'no'])
    .default('no')
    .describe('yes, to let profiles that say isolation: none run work without a sandbox'),
  ...containerVariables,
});
export { schema as sandboxVariables };

/** Where agents work. */
export interface AgentsConfig {
  readonly place: 'runner' | 'service';
  readonly atStop: 'end' | 'leave';
  /** How long a command-line agent that waits for people is kept as it is, in ms. */
  readonly holdMs: number;
  /** What runners are given of this process's environment. */
  readonly environment: Readonly<Record<string, string>>;
}

/** How the sandbox service is set up. Holds credentials: never log it. */
export interface SandboxConfig extends ContainerSettings {
  readonly providers: ProviderSettings;
  /** Keys of the vault in hex; left out: those of its file. */
  readonly vaultKey?: string;
  readonly maxAttempts: number;
  /** How long the runs of a worker that was told to stop wait for its return; 0: they go to others at once. */
  readonly returnWithinMs: number;
  /** How long the container of an interactive run stays alive in which nothing works. */
  readonly holdMs: number;
  readonly agents: AgentsConfig;
  readonly mountSources: readonly string[];
  /** Ranges of addresses that are not public and that sandboxes may reach where their profile lists the host. */
  readonly privateNetworks: readonly string[];
  readonly allowProcessIsolation: boolean;
}

/** Throws `InvalidConfigError`, which lists every variable that cannot be used. */
export function readSandboxConfig(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): SandboxConfig {
  const values = parseConfig(schema, environment);
  return {
    providers: providersOf(values),
    ...(values.RUNLEDGER_VAULT_KEY !== undefined && { vaultKey: values.RUNLEDGER_VAULT_KEY }),
    maxAttempts: values.SANDBOX_MAX_ATTEMPTS,
    returnWithinMs: values.SANDBOX_RETURN_SECONDS * 1_000,
    holdMs: values.SANDBOX_HOLD_SECONDS * 1_000,
    agents: {
      place: values.SANDBOX_AGENTS,
      atStop: values.SANDBOX_AGENTS_AT_STOP,
      holdMs: values.SANDBOX_AGENT_HOLD_SECONDS * 1_000,
      environment: passedOn(environment),
    },
    mountSources: directoriesOf(values.SANDBOX_MOUNT_SOURCES),
    privateNetworks: rangesOf(values.SANDBOX_PRIVATE_NETWORKS),
    allowProcessIsolation: values.RUNLEDGER_ALLOW_PROCESS_ISOLATION === 'yes',
    ...containerSettings(values),
  };
}

function providersOf(values: z.output<typeof schema>): ProviderSettings {
  const anthropicUrl = values.ANTHROPIC_BASE_URL;
  const openaiUrl = values.OPENAI_COMPATIBLE_BASE_URL;
  const openaiKey = values.OPENAI_COMPATIBLE_API_KEY;
  return {
    ...(values.ANTHROPIC_API_KEY !== undefined && {
      anthropic: {
        apiKey: values.ANTHROPIC_API_KEY,
        ...(anthropicUrl !== undefined && { baseUrl: versioned(anthropicUrl) }),
      },
    }),
    ...(openaiUrl !== undefined && {
      openaiCompatible: { baseUrl: openaiUrl, ...(openaiKey !== undefined && { apiKey: openaiKey }) },
    }),
  };
}

/** What connections to providers need to know, and nothing else. */
const PASSED_ON = [
  ...['PATH', 'TZ', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR'],
  ...['NODE_USE_ENV_PROXY', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'],
];

function passedOn(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    PASSED_ON.flatMap(name => {
      const value = environment[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function directoriesOf(list: string): string[] {
  return list.split(':').filter(path => path !== '');
}

function rangesOf(list: string): string[] {
  return list
    .split(',')
    .map(range => range.trim())
    .filter(range => range !== '');
}
