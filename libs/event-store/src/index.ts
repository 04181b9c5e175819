export type { CheckpointLease, Checkpoints, Queryable } from './checkpoints.js';
export { InvalidEventError, StreamBusyError, StreamEndedError } from './commands/command-errors.js';
export { CommandHandler } from './commands/command-handler.js';
export type { Accepted, CommandContext, Refused } from './commands/command-handler.js';
export { derivedId, newUuid } from './commands/event-ids.js';
export * from './port.js';
