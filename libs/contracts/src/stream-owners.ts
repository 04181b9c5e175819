/**
 * Who writes what: the one service that writes the streams of a category (E3), and all services that there are. Database
 * roles, the reference of the events and the images are made from it.
 */
export const STREAM_OWNERS = {
  orchestrator: ['flow', 'skill', 'run', 'queue', 'schedule', 'trigger', 'needs', 'environment'],
  sandbox: ['profile', 'attempt', 'files', 'integration'],
  approval: ['approval', 'grants', 'channels', 'notice'],
  billing: ['plan', 'allowance', 'budget', 'charges', 'ratecard'],
  audit: ['audit'],
  gateway: ['workspace', 'member', 'token', 'webhook'],
  relay: [],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** A process of its own when the platform runs as a fleet. `relay` writes no stream: it republishes the log. */
export type DeployedService = keyof typeof STREAM_OWNERS;

export const DEPLOYED_SERVICES = Object.keys(STREAM_OWNERS) as readonly DeployedService[];

/** The service that writes the category; undefined when nobody may. */
export function ownerOf(category: string): DeployedService | undefined {
  return DEPLOYED_SERVICES.find(service => (STREAM_OWNERS[service] as readonly string[]).includes(category));
}
