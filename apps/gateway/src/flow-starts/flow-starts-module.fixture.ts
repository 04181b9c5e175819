import { Module } from '@nestjs/common';
import type { DynamicModule, OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { catalogue } from '@runledger/contracts';
import type { EventStore, SharedCheckpoints } from '@runledger/event-store';
import { Leases } from '@runledger/messaging';
import type { Distribution } from '@runledger/messaging';
import { CHECKPOINTS, DISTRIBUTION, EVENT_STORE } from '@runledger/platform';
import { migrateReadModels, ProjectionHost, readModelOptions } from '@runledger/projections';
import { DataSource } from 'typeorm';
import { flowStarts } from './flow-starts-projection.fixture.js';
import { FLOW_STARTS_ROWS, FlowStartsResolver } from './flow-starts-resolver.fixture.js';
import { CreateFlowStarts1763700009001, FlowStartsRow } from './flow-starts-tables.fixture.js';

const FLOW_STARTS_HOST = Symbol('host of flow starts');
type HostParts = [DataSource, Distribution, EventStore, SharedCheckpoints, Leases];

/**
 * The only wiring: rows in a schema of their own, what keeps them up to date, and what shows them. The database is that of the
 * checkpoints: rows and checkpoint commit together.
 */
@Module({})
export class FlowStartsModule implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(
    private readonly rows: DataSource,
    private readonly host: ProjectionHost,
  ) {}

  static register(databaseUrl: string): DynamicModule {
    const database = {
      ...{ url: databaseUrl, schema: 'flow_starts' },
      ...{ entities: [FlowStartsRow], migrations: [CreateFlowStarts1763700009001] },
    };
    const source = new DataSource(readModelOptions(database));
    const openHost = (...[dataSource, events, store, checkpoints, leases]: HostParts) =>
      new ProjectionHost(
        { database, dataSource, source: events, store, checkpoints, catalogue },
        { owner: 'flow-starts', leases },
      );
    return {
      module: FlowStartsModule,
      providers: [
        { provide: FLOW_STARTS_ROWS, useFactory: () => source.initialize() },
        {
          provide: FLOW_STARTS_HOST,
          inject: [FLOW_STARTS_ROWS, DISTRIBUTION, EVENT_STORE, CHECKPOINTS, Leases],
          useFactory: openHost,
        },
        {
          provide: FlowStartsModule,
          inject: [FLOW_STARTS_ROWS, FLOW_STARTS_HOST],
          useFactory: (rows: DataSource, host: ProjectionHost) => new FlowStartsModule(rows, host),
        },
        FlowStartsResolver,
      ],
    };
  }

  async onApplicationBootstrap(): Promise<void> {
    await migrateReadModels(this.rows);
    await this.host.start(flowStarts);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.host.stop();
    await this.rows.destroy();
  }
}
