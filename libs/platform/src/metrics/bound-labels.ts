import type { Counter, Histogram } from 'prom-client';

/**
 * Children of a metric by the values of its labels, each bound once: recording then allocates nothing. Values must come from
 * a small, known set.
 */
export class BoundLabels<Child> {
  readonly #children = new Map<string, Child>();

  constructor(
    private readonly bind: (labels: Record<string, string>) => Child,
    private readonly names: readonly string[],
  ) {}

  of(first: string, second = '', third = ''): Child {
    const key = `${first}\0${second}\0${third}`;
    const known = this.#children.get(key);
    if (known) return known;
    const values = [first, second, third];
    const child = this.bind(Object.fromEntries(this.names.map((name, index) => [name, values[index] ?? ''])));
    this.#children.set(key, child);
    return child;
  }
}

export function boundHistogram(metric: Histogram, ...names: string[]): BoundLabels<Histogram.Internal<string>> {
  return new BoundLabels(labels => metric.labels(labels), names);
}

export function boundCounter(metric: Counter, ...names: string[]): BoundLabels<Counter.Internal> {
  return new BoundLabels(labels => metric.labels(labels), names);
}
