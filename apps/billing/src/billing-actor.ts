import type { Actor } from '@runledger/event-store';

/** Who sends the commands of this service's reactors. */
export const BILLING: Actor = { kind: 'service', id: 'billing' };
