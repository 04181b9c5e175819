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
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('the http(s) address of an OpenTelemetry collector, such as http://127.0.0.1:4318, to send traces to'),
  OTEL_EXPORTER_OTLP_HEADERS: z
    .string()
    .regex(/^[^\s=,]+=[^=,]+(,[^\s=,]+=[^=,]+)*$/)
    .optional()
    .describe('headers that the collector wants, as name=value, separated by commas; values in URL encoding'),
  OTEL_TRACES_SAMPLER_ARG: z.coerce
    .number()
    .min(0)
    .max(1)
    .default(1)
    .describe('the part of all traces that is recorded, from 0 to 1'),
});

/** How a process may be watched. Holds a token: never log it. */
export interface TelemetryConfig {
  readonly metrics: MetricsAccess;
  /** Undefined: no traces. */
  readonly traces?: TracesConfig;
}

/** Where traces go. Headers may be credentials. */
export interface TracesConfig {
  /** Base address; traces are posted below it, at `/v1/traces`. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Of the traces that begin here, from 0 to 1; whether one that came in is recorded was decided elsewhere. */
  readonly ratio: number;
}

/** Throws `InvalidConfigError`, which lists every variable that cannot be used. */
export function readTelemetryConfig(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): TelemetryConfig {
  const values = parseConfig(telemetryVariables, environment);
  const { METRICS: from, METRICS_TOKEN: token, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint } = values;
  const headers = headersOf(values.OTEL_EXPORTER_OTLP_HEADERS);
  return {
    metrics: { from, ...(token !== undefined && { token }) },
    ...(endpoint !== undefined && { traces: { endpoint, headers, ratio: values.OTEL_TRACES_SAMPLER_ARG } }),
  };
}

function headersOf(list = ''): Record<string, string> {
  const pairs = list.split(',').filter(pair => pair !== '');
  return Object.fromEntries(
    pairs.map(pair => {
      const [name = '', value = ''] = pair.split('=');
      return [name.trim(), decodeURIComponent(value.trim())];
    }),
  );
}
