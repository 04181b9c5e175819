export { startEventStoreDouble } from './event-store-double.js';
export type { EventStoreDouble, EventStoreDoubleOptions } from './event-store-double.js';
export type { DoubleCall, DoubleFault, DoubleIdentity, DoubleUser, RestartOptions } from './double-control.js';
