export { openEventCarrier } from './event-carrier.js';
export type { EventCarrier, RelayParts } from './event-carrier.js';
export { openEventLog } from './event-log.js';
export type { EventLog, EventLogParts } from './event-log.js';
export { readStorageConfig, storageVariables } from './storage.config.js';
export type { KafkaConfig, StorageConfig } from './storage.config.js';
export { EventStoreUnusableError, KafkaCertificatesError } from './storage-errors.js';
