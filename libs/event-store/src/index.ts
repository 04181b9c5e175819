export { AppendTooLargeError, EventIdReusedError, InvalidAppendError } from './append-errors.js';
export type { CheckpointLease, Checkpoints, Queryable } from './checkpoints.js';
export type { Replacement, SharedCheckpoints } from './shared-checkpoints.js';
export { InvalidEventError, StreamBusyError, StreamEndedError } from './commands/command-errors.js';
export { CommandHandler } from './commands/command-handler.js';
export type { Accepted, Refused } from './commands/command-handler.js';
export { derivedId, newUuid } from './commands/event-ids.js';
export type { CommandContext } from './commands/new-events.js';
export { ConnectionStringError, EventStoreDbFault, StoreClosedError } from './eventstoredb/eventstoredb-errors.js';
export { createEventStoreDbStore } from './eventstoredb/eventstoredb-store.js';
export type { EventStoreDbStoreOptions } from './eventstoredb/eventstoredb-store.js';
export { followerMatcher } from './event-filter.js';
export { Followers } from './followers.js';
export type { Follower, Wanted } from './followers.js';
export { LogBehindError } from './log-behind-error.js';
export type { ParkedEvent, ParkedEvents, ParkedFilter, ParkedQueue, Parking, ParkingFailure } from './parked-events.js';
export { PARTITIONS, partitionOf } from './partitions.js';
export type {
  ConsumerVersion,
  Heartbeat,
  PartitionLease,
  PartitionMove,
  PartitionPlace,
  Partitions,
  Standing,
} from './partitions.js';
export { pause } from './pause.js';
export { timeLimited } from './time-limit.js';
export * from './port.js';
export { jsonArray } from './postgres/binary-array.js';
export { ChannelSignal } from './postgres/channel-signal.js';
export { CheckpointDesk, ConsumerAtWorkError, UnknownConsumerError } from './postgres/checkpoint-desk.js';
export type { CheckpointReset, CheckpointStanding } from './postgres/checkpoint-desk.js';
export { checkEventStore, migrateEventStore } from './postgres/migrate.js';
export { checkSchema, migrateSchema, NewerSchemaError, OutdatedSchemaError } from './postgres/migrate-schema.js';
export type { MigrationReport, SchemaHistory } from './postgres/migrate-schema.js';
export { FencedError } from './postgres/fenced-error.js';
export { PostgresCheckpoints } from './postgres/postgres-checkpoints.js';
export type { PostgresCheckpointsOptions } from './postgres/checkpoints-options.js';
export { createPostgresEventStore } from './postgres/postgres-event-store.js';
export type { PostgresEventStoreOptions } from './postgres/postgres-event-store.js';
export { grantedServiceRoles, grantServiceRoles } from './postgres/roles/service-roles.js';
export type { ServiceRole } from './postgres/roles/service-roles.js';
export { WatchedClient } from './postgres/watched-client.js';
export { arrived } from './stages.js';
export type { Stage, Staged } from './stages.js';
export {
  AppendUncertainError,
  ForeignStreamError,
  ReadInterruptedError,
  StoreUnavailableError,
} from './postgres/store-errors.js';
