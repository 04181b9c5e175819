export { canonicalJson } from './canonical-json.js';
export { EventCatalogue, UnknownEventError } from './catalogue.js';
export { closestWord, closestWords } from './closest-word.js';
export type { Decider } from './decider.js';
export { defineEvent } from './define-event.js';
export type {
  AnyEventDefinition,
  DomainEvent,
  EventDefinition,
  EventOf,
  PersonalField,
  Schema,
  Upcast,
} from './define-event.js';
export { Fault, RetryableError } from './faults.js';
export { attemptId, gateId, idOf, keyOf, streamOf } from './ids.js';
export { isRejection, reject } from './rejection.js';
export type { Problem, Rejection } from './rejection.js';
export { replacementDiff } from './replacement-diff.js';
export { isStorable, shortened, storableText } from './storable-text.js';
export { TransientMap, TransientSet } from './transient-map.js';
