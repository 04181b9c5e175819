import type { ServiceName } from './define-command.js';

/** The services that may send commands at all; each has a key of its own. */
export const commandSenders = ['gateway'] as const;
export type CommandSender = (typeof commandSenders)[number];

/**
 * Who may send commands to whom. People and programs come in through the gateway; services tell each other things by events, so
 * nobody else asks. A service that is taken over can therefore command no other one.
 */
export const commandCallers: Readonly<Record<ServiceName, readonly CommandSender[]>> = {
  orchestrator: ['gateway'],
  sandbox: ['gateway'],
  approval: ['gateway'],
  billing: ['gateway'],
  audit: ['gateway'],
};
