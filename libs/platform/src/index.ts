export * from './blobs/index.js';
export {
  BLOB_STORE,
  CHECKPOINTS,
  CLOCK,
  COMMAND_CLIENT,
  DISTRIBUTION,
  EVENT_STORE,
} from './commands/command-client.js';
export type {
  Clock,
  CommandClient,
  CommandImplementation,
  CommandOutcome,
  CommandShape,
} from './commands/command-client.js';
export { InvalidCommandError, ServiceUnavailableError } from './commands/command-errors.js';
export { CommandRegistry } from './commands/command-registry.js';
export type { AnsweredCommand } from './commands/command-registry.js';
export { InProcessCommands } from './commands/in-process-commands.js';
export * from './commands/http/index.js';
export { InvalidConfigError, parseConfig } from './config/parse-config.js';
export type { ConfigProblem } from './config/parse-config.js';
export { Readiness } from './health/readiness.js';
export type { CheckResult, ReadinessReport } from './health/readiness.js';
export { HomeInUseError, lockHome } from './home/home-lock.js';
export type { HomeLock } from './home/home-lock.js';
export { InternalServer } from './internal/internal-server.js';
export type { InternalServerOptions, ServedParts } from './internal/internal-server.js';
export { createLog, NestLog } from './logs/create-log.js';
export type { Log, LogOptions } from './logs/create-log.js';
export { redact } from './logs/redact.js';
export { PlatformModule } from './platform.module.js';
export type { PlatformOptions } from './platform.module.js';
export * from './postgres/index.js';
export { systemClock } from './system-clock.js';
