import type { ServiceName } from '@runledger/contracts';

/** The services that have timers, each in a schema of its own. */
export const TIMED_SERVICES = ['orchestrator', 'approval', 'sandbox'] as const satisfies readonly ServiceName[];
export type TimedService = (typeof TIMED_SERVICES)[number];
