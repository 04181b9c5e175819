import { setTimeout as delay } from 'node:timers/promises';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { METRICS } from './metric-catalogue.js';
import type { KeyOfKind, MetricDefinition, MetricKey } from './metric-catalogue.js';

/** Sets gauges to what is so now; called each time the metrics are read. */
export type Sampler = () => void | Promise<void>;

const SAMPLE_WITHIN_MS = 2_000;

/**
 * The metrics of one process: made by its launcher, handed to whoever records. There is no global registry, so two services
 * in one test do not count for each other.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #made = new Map<MetricKey, Counter | Gauge | Histogram>();
  readonly #samplers = new Map<string, Sampler>();

  /** `ofTheProcess`: processor, memory, event loop and garbage collection as well; for launchers, not for specs. */
  constructor(options: { readonly service?: string; readonly ofTheProcess?: boolean } = {}) {
    if (options.service !== undefined) this.#registry.setDefaultLabels({ service: options.service });
    if (options.ofTheProcess) collectDefaultMetrics({ register: this.#registry });
  }

  /** What counts up. Bind labels once (`.labels(…)`) where it is hot. */
  counter(key: KeyOfKind<'counter'>): Counter {
    return this.#get(key, settings => new Counter(settings));
  }

  gauge(key: KeyOfKind<'gauge'>): Gauge {
    return this.#get(key, settings => new Gauge(settings));
  }

  /** Observes seconds. */
  histogram(key: KeyOfKind<'histogram'>): Histogram {
    const { buckets } = METRICS[key];
    return this.#get(key, settings => new Histogram({ ...settings, buckets: [...buckets] }));
  }

  /** Returns the function that takes the sampler away again. A second one of a name is a defect and throws. */
  sample(part: string, sampler: Sampler): () => void {
    if (this.#samplers.has(part)) throw new TypeError(`Two samplers of metrics are named ${part}.`);
    this.#samplers.set(part, sampler);
    return () => this.#samplers.delete(part);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** In the text format of Prometheus. A value that cannot be had in time is missing, and counted. */
  async text(): Promise<string> {
    await Promise.all([...this.#samplers].map(([part, sampler]) => this.#take(part, sampler)));
    return this.#registry.metrics();
  }

  async #take(part: string, sampler: Sampler): Promise<void> {
    const late = new AbortController();
    try {
      const inTime = delay(SAMPLE_WITHIN_MS, 'late' as const, { signal: late.signal, ref: false }).catch(() => 'done');
      const outcome = await Promise.race([Promise.resolve().then(sampler), inTime]);
      if (outcome === 'late') this.counter('sampleFailures').inc({ part });
    } catch {
      this.counter('sampleFailures').inc({ part });
    } finally {
      late.abort();
    }
  }

  #get<Made extends Counter | Gauge | Histogram>(key: MetricKey, make: (settings: Settings) => Made): Made {
    const known = this.#made.get(key);
    if (known) return known as Made;
    const { name, help, labels }: MetricDefinition = METRICS[key];
    const made = make({ name, help, labelNames: [...labels], registers: [this.#registry] });
    this.#made.set(key, made);
    return made;
  }
}

interface Settings {
  readonly name: string;
  readonly help: string;
  labelNames: string[];
  registers: Registry[];
}

/** Seconds since a moment of `performance.now()`. */
export function secondsSince(startedMs: number): number {
  return (performance.now() - startedMs) / 1_000;
}
