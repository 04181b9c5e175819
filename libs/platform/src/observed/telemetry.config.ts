import { z } from 'zod';
import { parseConfig } from '../config/parse-config.js';
import type { MetricsAccess } from '../metrics/metrics-routes.js';

/** What every process reads about being watched. */
export const telemetryVariables = z.object({
  METRICS: z
    .enum(['off', 'loopback', 'open'])
    .default('loopback')
    .describe('off, loopback or open: who may read /metrics; loopback is this machine, not through a proxy'),
  METRICS_TOKEN: z
    .string()
    .min(16)
    .optional()
    .describe('a secret of 16 characters or more that whoever reads /metrics must present as a bearer token'),
});

/** How a process may be watched. Holds a token: never log it. */
export interface TelemetryConfig {
  readonly metrics: MetricsAccess;
}

/** Throws `InvalidConfigError`, which lists every variable that cannot be used. */
export function readTelemetryConfig(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): TelemetryConfig {
  const { METRICS: from, METRICS_TOKEN: token } = parseConfig(telemetryVariables, environment);
  return { metrics: { from, ...(token !== undefined && { token }) } };
}
