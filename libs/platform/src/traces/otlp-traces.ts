import { hostname } from 'node:os';
import { diag, DiagLogLevel } from '@opentelemetry/api';
import type { Tracer } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { SpanProcessor } from '@opentelemetry/sdk-trace';
import type { ConsumerLog } from '@runledger/messaging';
import type { TracesConfig } from '../observed/telemetry.config.js';

/** Traces that are sent somewhere; closing sends what is left. */
export interface OpenedTraces {
  readonly tracer: Tracer;
  close(): Promise<void>;
}

/** Longest that the last spans may take on their way, so that a collector that is away does not hold up the end. */
const LAST_SPANS_MS = 3_000;

/** Sends traces to a collector by OTLP over HTTP, in batches. What cannot be sent is dropped and said in the log. */
export function openOtlpTraces(service: string, config: TracesConfig, log: ConsumerLog): OpenedTraces {
  const say = (message: string) => log.warn({ reason: message }, 'traces could not be sent');
  const quiet = () => undefined;
  const logger = { error: say, warn: say, info: quiet, debug: quiet, verbose: quiet };
  diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  const exporter = new OTLPTraceExporter({
    url: `${config.endpoint.replace(/\/+$/, '')}/v1/traces`,
    headers: { ...config.headers },
    timeoutMillis: LAST_SPANS_MS,
  });
  const processor = new BatchSpanProcessor({ exporter, exportTimeoutMillis: LAST_SPANS_MS });
  const traces = recordTraces(service, processor, config.ratio);
  return { tracer: traces.tracer, close: () => traces.close().catch((error: unknown) => say(String(error))) };
}

/** A tracer of one process, whose finished spans go to the processor. */
export function recordTraces(service: string, processor: SpanProcessor, ratio = 1): OpenedTraces {
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.name': `runledger-${service}`,
      'service.instance.id': `${hostname()}:${process.pid}`,
    }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: [processor],
  });
  return { tracer: provider.getTracer('runledger'), close: () => provider.shutdown() };
}
