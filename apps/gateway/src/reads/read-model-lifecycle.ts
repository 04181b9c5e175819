import { Inject, Injectable } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { Consumers, Readiness } from '@runledger/platform';
import { migrateReadModels } from '@runledger/projections';
import { DataSource } from 'typeorm';
import { READ_MODEL_SOURCE } from './read-model-source.js';
import { ReadModels } from './read-models.js';

/** Brings the tables up to date and the projections to work; ends them when requests have ended. */
@Injectable()
export class ReadModelLifecycle implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown {
  constructor(
    @Inject(READ_MODEL_SOURCE) private readonly rows: DataSource,
    @Inject(ReadModels) private readonly readModels: ReadModels,
    @Inject(Readiness) private readonly readiness: Readiness,
    @Inject(Consumers) private readonly consumers: Consumers,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    this.consumers.add('projection', () => this.readModels.status());
    this.readiness.add('read-models', () => {
      const message = this.readModels.trouble();
      return message === undefined ? { ok: true } : { ok: false, message };
    });
    await migrateReadModels(this.rows);
    await this.readModels.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.readModels.stop();
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.rows.isInitialized) await this.rows.destroy();
  }
}
