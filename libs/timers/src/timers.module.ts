import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { Metrics, Readiness } from '@runledger/platform';
import type { TimerHost } from './port.js';
import { PostgresTimers } from './postgres/postgres-timers.js';
import { showTimers } from './show-timers.js';

/** The timers of one service, of which no other service of the process knows. */
export const TIMERS = Symbol('timers');

/**
 * Provides `TIMERS` to the module that imports it, and shows how they stand. That module starts them with its kinds and stops
 * them. Needs the global platform module beside it.
 */
@Module({})
export class TimersModule {
  static register(timers: TimerHost): DynamicModule {
    const shown = {
      provide: TIMERS,
      inject: [Metrics, Readiness],
      useFactory: (metrics: Metrics, readiness: Readiness) => {
        if (timers instanceof PostgresTimers) showTimers(timers, metrics, readiness);
        return timers;
      },
    };
    return { module: TimersModule, providers: [shown], exports: [TIMERS] };
  }
}
