export { BigEvents, EventDataLostError } from './big-events/big-events.js';
export type { DataAside } from './big-events/big-events.js';
export * from './blobs/index.js';
export {
  BLOB_STORE,
  CHECKPOINTS,
  CLOCK,
  COMMAND_CLIENT,
  DISTRIBUTION,
  EVENT_STORE,
  STORED_LOG,
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
export { absolute, allOf } from './config/config-parts.js';
export { InvalidConfigError, parseConfig } from './config/parse-config.js';
export type { ConfigProblem } from './config/parse-config.js';
export { AddressRules, isAddressRange } from './egress/address-rules.js';
export { showConsumers } from './health/consumer-metrics.js';
export { Consumers } from './health/consumers.js';
export type { ConsumerKind, ConsumerReport } from './health/consumers.js';
export { OpenToAll, REQUIREMENT } from './health/open-to-all.js';
export { OperationsModule } from './health/operations.module.js';
export { Readiness } from './health/readiness.js';
export type { CheckResult, ReadinessReport } from './health/readiness.js';
export { HomeInUseError, lockHome } from './home/home-lock.js';
export type { HomeLock } from './home/home-lock.js';
export { FolderNotMadeError, makeFolder } from './home/make-folder.js';
export { BrokenSecretError, openSecretBytes } from './home/secret-bytes.js';
export { InternalServer } from './internal/internal-server.js';
export type { InternalServerOptions, ServedParts } from './internal/internal-server.js';
export { createLog, NestLog } from './logs/create-log.js';
export type { Log, LogOptions } from './logs/create-log.js';
export { NOTHING_HERE } from './internal/nothing-here.js';
export { PLAIN_ADDRESS } from './mail/plain-address.js';
export { boundCounter, boundHistogram } from './metrics/bound-labels.js';
export type { BoundLabels } from './metrics/bound-labels.js';
export { METRICS } from './metrics/metric-catalogue.js';
export type { MetricDefinition, MetricKey } from './metrics/metric-catalogue.js';
export type { MetricsAccess } from './metrics/metrics-routes.js';
export { Metrics, secondsSince } from './metrics/metrics.js';
export { openTelemetry } from './observed/open-telemetry.js';
export type { OpenedTelemetry } from './observed/open-telemetry.js';
export { readTelemetryConfig, telemetryVariables } from './observed/telemetry.config.js';
export type { TelemetryConfig } from './observed/telemetry.config.js';
export { ObservedReactorHost } from './observed/observed-reactors.js';
export { observedStore } from './observed/observed-store.js';
export { silentTelemetry, TELEMETRY } from './observed/telemetry.js';
export type { Telemetry } from './observed/telemetry.js';
export { PersonalData } from './personal/personal-data.js';
export { personalStore } from './personal/personal-store.js';
export { ERASED } from './personal/sealed-text.js';
export { KEY_COUNTS_MS, SubjectKeys } from './personal/subject-keys.js';
export type { Subject } from './personal/subject-keys.js';
export { readableStore } from './readable-store.js';
export type { ReadableParts } from './readable-store.js';
export { PlatformModule } from './platform.module.js';
export type { PlatformOptions } from './platform.module.js';
export * from './postgres/index.js';
export { lastingPorts, probePort } from './processes/lasting-ports.js';
export { EndedTooSlowlyError, OrderlyEnd } from './processes/orderly-end.js';
export { identityOf, isAlive } from './processes/process-identity.js';
export type { ProcessIdentity } from './processes/process-identity.js';
export { ATTRIBUTE } from './traces/attribute-names.js';
export { linkTo, readTraceparent } from './traces/traceparent.js';
export { beginSpan, currentSpan, inSpan, markFailed, NO_TRACES, storyFields, withinSpan } from './traces/work.js';
export type { SpanOptions, WorkFields } from './traces/work.js';
export { systemClock } from './system-clock.js';
export * from './vault/index.js';
