import { readModelOptions } from '@runledger/projections';
import type { ReadModelDatabase } from '@runledger/projections';
import { DataSource } from 'typeorm';
import { entities, migrations } from './read-model-tables.js';

/** Injection token of the TypeORM DataSource of the gateway's schema. */
export const READ_MODEL_SOURCE = Symbol('ReadModelSource');

/** Where the gateway's read models are, and how their tables come to be. */
export function readModelDatabase(url: string): ReadModelDatabase {
  return { url, schema: 'gateway', entities, migrations };
}

/** The gateway's schema in the database at `url`; not connected yet. */
export function readModelSource(url: string): DataSource {
  return new DataSource(readModelOptions(readModelDatabase(url)));
}
