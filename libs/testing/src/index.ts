export * from './eventstoredb/index.js';
export { eventually } from './eventually.js';
export { FakeClock } from './fake-clock.js';
export * from './model-vendor/index.js';
export { specify } from './specify.js';
export type { Given, Then } from './specify.js';
export { isWholeSweep, swept } from './swept.js';
export { testDatabase } from './test-database.js';
export type { TestDatabase } from './test-database.js';
