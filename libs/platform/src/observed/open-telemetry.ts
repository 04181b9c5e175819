import type { ConsumerLog } from '@runledger/messaging';
import { Metrics } from '../metrics/metrics.js';
import type { OpenedTraces } from '../traces/otlp-traces.js';
import { NO_TRACES } from '../traces/work.js';
import type { TelemetryConfig, TracesConfig } from './telemetry.config.js';
import type { Telemetry } from './telemetry.js';

/** The telemetry of a process; whoever opened it closes it last. */
export interface OpenedTelemetry extends Telemetry {
  /** Sends the spans that are left. */
  close(): Promise<void>;
}

/** `service` names the process in every number and span. */
export async function openTelemetry(
  service: string,
  config: TelemetryConfig,
  log: ConsumerLog,
): Promise<OpenedTelemetry> {
  const metrics = new Metrics({ service, ofTheProcess: true });
  const traces = await openTraces(service, config.traces, log);
  return { metrics, ...traces };
}

/** What sends traces is loaded by those who want it: it costs the start some time. */
async function openTraces(service: string, config: TracesConfig | undefined, log: ConsumerLog): Promise<OpenedTraces> {
  if (!config) return { tracer: NO_TRACES, close: () => Promise.resolve() };
  const { openOtlpTraces } = await import('../traces/otlp-traces.js');
  return openOtlpTraces(service, config, log);
}
