import { setTimeout as delay } from 'node:timers/promises';
import { HttpCommands } from '@runledger/platform';
import { ApiError, GraphqlClient } from '../demo/graphql-client.js';
import { ownersContext } from '../owner-access.js';
import type { OwnerAccess } from '../owner-access.js';
import { installSample, startSampleRun } from '../sample/sample.js';
import { senderSigner } from '../services/secrets.js';
import { internalUrl } from './cluster.config.js';
import type { Seat } from './cluster.config.js';

const SHOWN_WITHIN_MS = 30_000;

export interface ClusterSampleParts {
  readonly home: string;
  readonly seats: readonly Seat[];
  readonly access: OwnerAccess;
  /** Of a gateway. */
  readonly url: string;
}

/**
 * Publishes the sample and starts its first run, as the gateway would: by commands to the services that own flows, profiles and runs.
 * Whoever is told afterwards that the platform is ready finds the run there.
 */
export async function prepareClusterSample({ home, seats, access, url }: ClusterSampleParts): Promise<void> {
  const of = (service: string) => seats.filter(seat => seat.service === service).map(internalUrl);
  const addresses = { orchestrator: of('orchestrator'), sandbox: of('sandbox') };
  const commands = new HttpCommands({ addresses, tokens: await senderSigner(home, 'gateway') });
  const context = ownersContext(access);
  await installSample(home, commands, context);
  const { runId } = await startSampleRun(commands, context);
  const client = new GraphqlClient(`${url}/graphql`, access.token);
  const deadline = performance.now() + SHOWN_WITHIN_MS;
  while (!(await isShown(client, runId)) && performance.now() < deadline) await delay(50);
}

async function isShown(client: GraphqlClient, runId: string): Promise<boolean> {
  try {
    await client.request('query ($id: ID!) { run(id: $id) { id } }', { id: runId });
    return true;
  } catch (error) {
    if (error instanceof ApiError) return false; // it is not there yet
    throw error;
  }
}
