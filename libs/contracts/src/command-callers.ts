import type { ServiceName } from './define-command.js';

/** The services that may send commands at all; each has a key of its own. */
export const commandSenders = ['gateway', 'orchestrator'] as const;
export type CommandSender = (typeof commandSenders)[number];

/**
 * Who may send commands to whom. People and programs come in through the gateway; services tell each other things by events.
 * One thing cannot wait for an event: whether a run may start at all, which the orchestrator asks billing. A service that is
 * taken over can therefore command hardly any other one.
 */
export const commandCallers: Readonly<Record<ServiceName, readonly CommandSender[]>> = {
  orchestrator: ['gateway'],
  sandbox: ['gateway'],
  approval: ['gateway'],
  billing: ['gateway', 'orchestrator'],
  audit: ['gateway'],
};
