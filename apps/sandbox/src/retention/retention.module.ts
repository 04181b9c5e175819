import { Module } from '@nestjs/common';
import type { BeforeApplicationShutdown, DynamicModule, OnApplicationBootstrap } from '@nestjs/common';
import { CommandHandler, type EventStore } from '@runledger/event-store';
import { ReactorHost } from '@runledger/messaging';
import { BLOB_STORE, CLOCK, EVENT_STORE, type BlobStores, type Clock } from '@runledger/platform';
import { TIMERS, TimersModule, type TimerHost } from '@runledger/timers';
import { Retention } from './retention.js';

type Injected = [EventStore, BlobStores, Clock, CommandHandler, ReactorHost, TimerHost];

/** Lets go of what runs kept, as long after their end as their flows say. */
@Module({})
export class RetentionModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(private readonly retention: Retention) {}

  /** Needs the global platform module beside it. */
  static register(host: TimerHost): DynamicModule {
    return {
      module: RetentionModule,
      imports: [TimersModule.register(host)],
      providers: [
        {
          provide: Retention,
          inject: [EVENT_STORE, BLOB_STORE, CLOCK, CommandHandler, ReactorHost, TIMERS],
          useFactory: (...[store, blobs, clock, handler, reactors, timers]: Injected) =>
            new Retention({ store, blobs, clock, handler, reactors, timers }),
        },
      ],
    };
  }

  onApplicationBootstrap(): Promise<void> {
    return this.retention.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.retention.stop();
  }
}
