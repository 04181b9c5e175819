import type { ServiceName } from './define-command.js';

/** The services that may send commands at all; each has a key of its own. */
export const commandSenders = ['gateway', 'orchestrator', 'sandbox'] as const;
export type CommandSender = (typeof commandSenders)[number];

/**
 * Who may send commands to whom. People and programs come in through the gateway; services tell each other things by events.
 * Three things cannot wait for an event. Billing is asked for two: by the orchestrator whether a run may start at all, and by
 * the sandbox whether a call of a model may be made. And the sandbox asks the orchestrator to start what an agent wants started. A service that is taken over can therefore command hardly any other one.
 */
export const commandCallers: Readonly<Record<ServiceName, readonly CommandSender[]>> = {
  orchestrator: ['gateway', 'sandbox'],
  sandbox: ['gateway'],
  approval: ['gateway'],
  billing: ['gateway', 'orchestrator', 'sandbox'],
  audit: ['gateway'],
};

/** Beside the gateway, which brings what people want, each sender may send these and no others. */
const commandsOfSender: Readonly<Record<Exclude<CommandSender, 'gateway'>, readonly string[]>> = {
  orchestrator: ['ReserveDailyRun', 'CountDailyRuns', 'PriceUsage', 'CheckBudget'],
  sandbox: ['ReserveBudget', 'ReleaseBudget', 'StartRun'],
};

/** Whether a sender that may command a service may send it this command. */
export function maySend(sender: string, command: string): boolean {
  if (sender === 'orchestrator' || sender === 'sandbox') return commandsOfSender[sender].includes(command);
  return sender === 'gateway';
}
