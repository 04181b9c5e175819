export type { BlobStore } from './blobs.js';
export { BLOB_STORE, CHECKPOINTS, CLOCK, COMMAND_CLIENT, EVENT_STORE } from './commands/command-client.js';
export type {
  Clock,
  CommandClient,
  CommandImplementation,
  CommandOutcome,
  CommandShape,
} from './commands/command-client.js';
export { InProcessCommands, InvalidCommandError, ServiceUnavailableError } from './commands/in-process-commands.js';
export * from './postgres/index.js';
