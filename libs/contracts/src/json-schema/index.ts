export { knownCheck } from './known-checks.js';
export { SchemaCheck, type SchemaFault } from './schema-check.js';
export { patternFault } from './linear-pattern.js';
export { pointedAt, type JsonSchema } from './subschemas.js';
export { toldFault } from './told-fault.js';
