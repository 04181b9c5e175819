import type { Actor } from '@runledger/event-store';

/** Who sends the commands of this service's reactors. */
export const ORCHESTRATOR: Actor = { kind: 'service', id: 'orchestrator', via: 'reaction' };
