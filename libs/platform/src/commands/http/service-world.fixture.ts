import { generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { Consumers } from '../../health/consumers.js';
import { Readiness } from '../../health/readiness.js';
import { Metrics } from '../../metrics/metrics.js';
import { InternalServer } from '../../internal/internal-server.js';
import { createLog } from '../../logs/create-log.js';
import { CommandRegistry } from '../command-registry.js';
import { CommandIntake } from './command-intake.js';
import { HttpCommands } from './http-commands.js';
import type { HttpCommandsOptions } from './http-commands.js';
import { ServiceTokenCheck, ServiceTokenSigner } from './service-tokens.js';

const keys = new Map(['gateway', 'billing'].map(name => [name, generateKeyPairSync('ed25519')] as const));

export function privateKeyOf(service: string): KeyObject {
  return keys.get(service)!.privateKey;
}

export const publicKeys = new Map([...keys].map(([name, pair]) => [name, pair.publicKey] as const));

/** The service `approval` at work on a port of its own; the gateway alone may ask it. */
export interface TestService {
  readonly server: InternalServer;
  readonly registry: CommandRegistry;
  readonly url: string;
  readonly logged: () => string;
}

export async function startService(registry = new CommandRegistry(), port = 0): Promise<TestService> {
  let lines = '';
  const log = createLog({ destination: { write: line => void (lines += line) } });
  const tokens = new ServiceTokenCheck({ keys: publicKeys, callers: ['gateway'] });
  const server = await InternalServer.listen({ service: 'approval', host: '127.0.0.1', port });
  const intake = new CommandIntake({ service: 'approval', registry, tokens, log });
  const store = { head: () => Promise.resolve(0n), readAll: () => Promise.reject(new Error('unused')) };
  server.serve({
    intake,
    readiness: new Readiness(),
    consumers: new Consumers(store),
    metrics: new Metrics(),
    metricsAccess: { from: 'loopback' },
  });
  return { server, registry, url: server.url, logged: () => lines };
}

export function clientOf(
  addresses: readonly string[],
  more: Partial<HttpCommandsOptions> & { readonly caller?: string } = {},
): HttpCommands {
  const { caller = 'gateway', ...options } = more;
  const tokens = new ServiceTokenSigner(caller, privateKeyOf(caller));
  return new HttpCommands({ addresses: { approval: addresses }, tokens, patienceMs: 0, ...options });
}
