export { firingContext, firingId } from './firing.js';
export type { FiringOptions } from './firing.js';
export { MemoryTimers } from './memory/memory-timers.js';
export { defineTimer } from './port.js';
export type {
  DueTime,
  Firing,
  NewTimer,
  Timer,
  TimerHost,
  TimerKind,
  TimerObserver,
  Timers,
  TimerStanding,
} from './port.js';
export { PostgresTimers } from './postgres/postgres-timers.js';
export type { PostgresTimersOptions } from './postgres/postgres-timers.js';
export type { RunnerSettings } from './postgres/timer-runner.js';
export type { ParkedTimer } from './postgres/timer-table.js';
export { timerSchema, timersHistory } from './postgres/timer-tables.js';
export { TIMERS, TimersModule } from './timers.module.js';
export { InvalidTimerError, TwoHandlersError } from './timer-errors.js';
