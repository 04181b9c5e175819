import type { ParkedEvent } from '@runledger/event-store';
import { SILENT } from '@runledger/messaging';
import { DeadLetters } from '../letters/dead-letters.js';
import { openDatabases } from './databases.js';
import type { Service } from './define-service.js';
import type { ServiceConfig } from './service.config.js';
import { openSources } from './sources.js';
import { replayIn } from './start-service.js';

/** What operators do beside a running service, or without one. */
export interface ServiceDesk {
  readonly letters: DeadLetters;
  replay(consumer: string, after: bigint): Promise<void>;
}

export async function withDesk(
  service: Service,
  config: ServiceConfig,
  work: (desk: ServiceDesk) => Promise<void>,
): Promise<void> {
  const databases = await openDatabases(service, config, () => undefined); // a broken connection fails what needs it
  try {
    const sources = await openSources(config, databases, SILENT);
    try {
      await work({
        letters: new DeadLetters(sources.checkpoints.parked, service.consumers),
        replay: (name, after) => replayIn(service, name, { after, databases, sources }),
      });
    } finally {
      await sources.close();
    }
  } finally {
    await databases.close();
  }
}

/** One line for people. */
export function letterLine({ id, state, eventType, runId, attempts, error }: ParkedEvent): string {
  const why = error
    ? `${error.code}: ${error.message} (${attempts} tries, last ${error.lastAt})`
    : 'waits behind another';
  return `${id}  ${state}  ${eventType}  ${runId}  ${why}`;
}
