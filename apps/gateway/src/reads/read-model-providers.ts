import type { FactoryProvider } from '@nestjs/common';
import { catalogue } from '@runledger/contracts';
import type { EventStore, SharedCheckpoints } from '@runledger/event-store';
import { Leases } from '@runledger/messaging';
import type { Distribution } from '@runledger/messaging';
import { CHECKPOINTS, DISTRIBUTION, EVENT_STORE } from '@runledger/platform';
import { ProjectionHost } from '@runledger/projections';
import type { DataSource } from 'typeorm';
import type { GatewayOptions } from '../gateway.config.js';
import { READ_MODEL_SOURCE, readModelDatabase, readModelSource } from './read-model-source.js';

export function readModelRows({ databaseUrl }: GatewayOptions): FactoryProvider<DataSource> {
  return { provide: READ_MODEL_SOURCE, useFactory: () => readModelSource(databaseUrl).initialize() };
}

export function projectionHost({ owner, databaseUrl, log }: GatewayOptions): FactoryProvider<ProjectionHost> {
  const database = readModelDatabase(databaseUrl);
  const told = log === undefined ? {} : { logger: log };
  return {
    provide: ProjectionHost,
    inject: [READ_MODEL_SOURCE, DISTRIBUTION, EVENT_STORE, CHECKPOINTS, Leases],
    useFactory: (...[dataSource, source, store, checkpoints, leases]: HostParts) =>
      new ProjectionHost({ database, dataSource, source, store, checkpoints, catalogue }, { owner, leases, ...told }),
  };
}

type HostParts = [DataSource, Distribution, EventStore, SharedCheckpoints, Leases];
