export { RetryableError } from '@runledger/kernel';
export { ERASED } from '@runledger/platform';
export type { Subject } from '@runledger/platform';
export {
  InvalidConsumerError,
  NoBlobStoreError,
  NoUndoError,
  SwallowedFailureError,
  UnknownConsumerNameError,
} from './consuming/consumer-errors.js';
export { defineConsumer } from './consuming/define-consumer.js';
export type { Consumer, ConsumerDefinition, Order } from './consuming/define-consumer.js';
export type { Effects, Statements } from './consuming/effects.js';
export type { ConsumedEvent, EventName, PlatformEvent } from './consuming/platform-events.js';
export { defineFunctions } from './functions/define-functions.js';
export type { FunctionCall, FunctionResult, StepFunction, StepFunctions } from '@runledger/contracts';
export { DeadLetters } from './letters/dead-letters.js';
export { defineService } from './service/define-service.js';
export type { Migration, Service, ServiceDefinition } from './service/define-service.js';
export { runService } from './service/run-service.js';
export type { RunOptions } from './service/run-service.js';
export { besidePlatform, consumerVariables, readServiceConfig } from './service/service.config.js';
export type { ServiceConfig } from './service/service.config.js';
export { startService } from './service/start-service.js';
export type { RunningService, StartOptions } from './service/start-service.js';
