import { absolute, parseConfig } from '@runledger/platform';
import { z } from 'zod';
import { logLevel, readParts, type PartsConfig } from './parts.config.js';

const schema = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(4_000).describe('a port number; 0 takes a free one'),
  HOST: z.string().default('127.0.0.1').describe('the address to listen on; 127.0.0.1 is this machine only'),
  RUNLEDGER_HOME: z.string().default('.runledger').describe('the data directory'),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//)
    .optional()
    .describe('postgres://user:password@host:port/database of a PostgreSQL 17 or later'),
  RUNLEDGER_SAMPLE: z.enum(['on', 'off']).default('on').describe('off, to start without the sample flow'),
  LOG_LEVEL: logLevel,
});
export { schema as standaloneVariables };

/** How the one-process platform is set up. Paths are absolute. */
export interface StandaloneConfig extends PartsConfig {
  readonly port: number;
  readonly host: string;
  readonly home: string;
  readonly databaseUrl?: string;
  readonly sample: boolean;
  readonly logLevel: z.infer<typeof schema>['LOG_LEVEL'];
}

/** Throws `InvalidConfigError`, which lists every variable that cannot be used. */
export function readStandaloneConfig(environment = process.env): StandaloneConfig {
  const [values, parts] = readParts(() => parseConfig(schema, environment), environment);
  return {
    ...parts,
    port: values.PORT,
    host: values.HOST,
    home: absolute(values.RUNLEDGER_HOME),
    ...(values.DATABASE_URL === undefined ? {} : { databaseUrl: values.DATABASE_URL }),
    sample: values.RUNLEDGER_SAMPLE === 'on',
    logLevel: values.LOG_LEVEL,
  };
}
