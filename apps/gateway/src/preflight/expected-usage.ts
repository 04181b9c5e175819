import type { PreflightReport, Usage } from '@runledger/contracts';
import type { UsageHistory } from './usage-history.js';

type StepAhead = PreflightReport['steps'][number];

/** What some steps of the run to come will use of one model or machine: the mean of the flow's last runs. */
export interface ExpectedUsage {
  readonly usage: Usage;
  readonly steps: readonly string[];
}

/** `unknown`: agent steps that no earlier run did, whose cost nobody can tell. */
export interface Expectation {
  readonly expected: readonly ExpectedUsage[];
  readonly unknown: readonly StepAhead[];
}

/**
 * The mean use of each step over the last runs, by model and machine. A run in which a step was left out counts as well, so
 * that conditions weigh as they did. A step that names another model by now is taken to use as much of that one.
 */
export function expectedUsage(steps: readonly StepAhead[], { runs, used }: UsageHistory): Expectation {
  const ahead = new Map(steps.map(step => [step.key, step]));
  const sums = new Map<string, { usage: Usage; steps: string[] }>();
  const known = new Set<string>();
  for (const { step: key, usage } of used) {
    const step = ahead.get(key);
    if (!step) continue;
    known.add(key);
    const now = asOfToday(usage, step);
    const name = nameOf(now);
    const sum = sums.get(name);
    if (sum) sums.set(name, { usage: added(sum.usage, now), steps: [...new Set([...sum.steps, key])] });
    else sums.set(name, { usage: now, steps: [key] });
  }
  return {
    expected: [...sums.values()].map(sum => ({ steps: sum.steps, usage: scaled(sum.usage, runs) })),
    unknown: steps.filter(step => step.kind === 'agent' && !known.has(step.key)),
  };
}

function asOfToday(usage: Usage, { provider, model }: StepAhead): Usage {
  if (usage.kind === 'compute' || provider === undefined || model === undefined) return usage;
  return { ...usage, provider, model };
}

function nameOf(usage: Usage): string {
  return usage.kind === 'model' ? `model ${usage.provider} ${usage.model}` : `compute ${usage.resourceClass}`;
}

function added(a: Usage, b: Usage): Usage {
  return combined(a, key => amountOf(a, key) + amountOf(b, key));
}

function scaled(usage: Usage, runs: number): Usage {
  return combined(usage, key => Math.round(amountOf(usage, key) / runs));
}

const BUCKETS = [
  'inputTokens',
  'outputTokens',
  'cacheReadTokens',
  'cacheWriteTokens',
  'cacheWrite1hTokens',
  'reasoningTokens',
] as const;
type Amount = (typeof BUCKETS)[number] | 'milliseconds';

function amountOf(usage: Usage, amount: Amount): number {
  return amount in usage ? (usage as unknown as Record<Amount, number>)[amount] : 0;
}

function combined(usage: Usage, amount: (name: Amount) => number): Usage {
  if (usage.kind === 'compute') return { ...usage, milliseconds: amount('milliseconds') };
  const tokens = Object.fromEntries(BUCKETS.map(name => [name, amount(name)]));
  return { ...usage, ...tokens };
}
