import type { Tracer } from '@opentelemetry/api';
import { Metrics } from '../metrics/metrics.js';
import { NO_TRACES } from '../traces/work.js';

/** Where one process writes down what it does: numbers and spans. Made by its launcher. */
export interface Telemetry {
  readonly metrics: Metrics;
  readonly tracer: Tracer;
}

export const TELEMETRY = Symbol('Telemetry');

/** Counts into a registry that nobody reads, and records no spans. */
export function silentTelemetry(): Telemetry {
  return { metrics: new Metrics(), tracer: NO_TRACES };
}
