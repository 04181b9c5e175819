import { resolve } from 'node:path';
import { parseConfig } from '@runledger/platform';
import { z } from 'zod';

const schema = z.object({
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//)
    .optional()
    .describe('postgres://user:password@host:port/database of a PostgreSQL 17 or later'),
  RUNLEDGER_HOME: z.string().default('.runledger').describe('the data directory'),
});

/** Which database a command works on. */
export interface DatabaseConfig {
  /** Holds a password: never log it. Undefined: the embedded server of `home`. */
  readonly databaseUrl?: string;
  readonly home: string;
}

/** Throws `InvalidConfigError`. */
export function readDatabaseConfig(environment = process.env): DatabaseConfig {
  const { DATABASE_URL: databaseUrl, RUNLEDGER_HOME: home } = parseConfig(schema, environment);
  return { home: resolve(home), ...(databaseUrl === undefined ? {} : { databaseUrl }) };
}
