/** What one step of one run cost and used; tokens and turns of all its attempts and agents together. */
export interface StepCost {
  readonly step: string;
  /** `provider/model`, more than one separated by commas; empty: no model. */
  readonly model: string;
  /** Micro-units of what is priced. */
  readonly cost: number;
  readonly turns: number;
  readonly promptTokens: number;
  /** Of the prompt, read from a cache. */
  readonly cachedTokens: number;
  readonly outputTokens: number;
  readonly attempts: number;
  /** Versions of the rate card, separated by commas. */
  readonly rateCard: string;
}

export interface RunCost {
  readonly runId: string;
  readonly startedAt: string;
  readonly flowVersion: number;
  readonly steps: readonly StepCost[];
}

type ChangeKind =
  | 'NEW_STEP'
  | 'MODEL'
  | 'FLOW_VERSION'
  | 'PRICE'
  | 'ATTEMPTS'
  | 'TURNS'
  | 'CACHE_HIT_RATE'
  | 'PROMPT_TOKENS'
  | 'OUTPUT_TOKENS';

/** What is otherwise than it used to be: in words that can be shown. */
export interface CostChange {
  readonly kind: ChangeKind;
  readonly from: string;
  readonly to: string;
}

/** A step that cost more than it used to. */
export interface StepRegression {
  readonly step: string;
  readonly model: string;
  readonly cost: number;
  readonly baseline: number;
  readonly changes: readonly CostChange[];
}

export interface TrendPoint {
  readonly run: RunCost;
  readonly cost: number;
  /** Median of the runs before it; undefined: too few. */
  readonly baseline: number | undefined;
  /** What may still pass for usual. */
  readonly ceiling: number | undefined;
  readonly regressions: readonly StepRegression[];
}

/** So many runs before a run are its baseline, and fewer than the least are none. */
export const WINDOW = 20;
const LEAST = 5;
/** Scales the median absolute deviation to a standard deviation of a normal distribution. */
const MAD_TO_SIGMA = 1.4826;
const SIGMAS = 3;
/** Where runs cost nearly the same each time, a little more is no news. */
const NOISE = 0.25;
const CACHE_DROP = 0.2;

/**
 * Each of the last runs against those before it, oldest first. A median and the median absolute deviation, because one run that
 * went wrong must not move what counts as usual.
 */
export function trendOf(runs: readonly RunCost[], last: number): TrendPoint[] {
  const first = Math.max(0, runs.length - last);
  return runs.slice(first).map((run, at) => pointOf(run, runs.slice(Math.max(0, first + at - WINDOW), first + at)));
}

function pointOf(run: RunCost, before: readonly RunCost[]): TrendPoint {
  const cost = totalOf(run);
  if (before.length < LEAST) return { run, cost, baseline: undefined, ceiling: undefined, regressions: [] };
  const totals = before.map(totalOf);
  const ceiling = ceilingOf(totals);
  const regressions = run.steps.flatMap(step => regressionOf(step, run, { before, isDearer: cost > ceiling }));
  return { run, cost, baseline: median(totals), ceiling, regressions };
}

function regressionOf(
  step: StepCost,
  run: RunCost,
  { before, isDearer }: { readonly before: readonly RunCost[]; readonly isDearer: boolean },
): StepRegression[] {
  const earlier = before.flatMap(({ steps }) => steps.filter(one => one.step === step.step));
  const { model, cost } = step;
  if (earlier.length < LEAST) {
    if (!isDearer || cost === 0) return [];
    const change = { kind: 'NEW_STEP', from: 'absent', to: 'present' } as const;
    return [{ step: step.step, model, cost, baseline: 0, changes: [change] }];
  }
  const costs = earlier.map(one => one.cost);
  if (cost <= ceilingOf(costs)) return [];
  const version = changed(
    'FLOW_VERSION',
    before.map(one => String(one.flowVersion)),
    String(run.flowVersion),
  );
  return [
    { step: step.step, model, cost, baseline: median(costs), changes: [...changesOf(step, earlier), ...version] },
  ];
}

function changesOf(step: StepCost, earlier: readonly StepCost[]): CostChange[] {
  const rates = earlier.map(hitRate);
  const cache =
    hitRate(step) < median(rates) - CACHE_DROP
      ? [{ kind: 'CACHE_HIT_RATE' as const, from: percent(median(rates)), to: percent(hitRate(step)) }]
      : [];
  return [
    ...changed(
      'MODEL',
      earlier.map(one => one.model),
      step.model,
    ),
    ...changed(
      'PRICE',
      earlier.map(one => one.rateCard),
      step.rateCard,
    ),
    ...grown(
      'ATTEMPTS',
      earlier.map(one => one.attempts),
      step.attempts,
    ),
    ...grown(
      'TURNS',
      earlier.map(one => one.turns),
      step.turns,
    ),
    ...cache,
    ...grown(
      'PROMPT_TOKENS',
      earlier.map(one => perTurn(one.promptTokens, one)),
      perTurn(step.promptTokens, step),
    ),
    ...grown(
      'OUTPUT_TOKENS',
      earlier.map(one => perTurn(one.outputTokens, one)),
      perTurn(step.outputTokens, step),
    ),
  ];
}

/** Otherwise than it was most often. */
function changed(kind: CostChange['kind'], earlier: readonly string[], to: string): CostChange[] {
  const counts = new Map<string, number>();
  for (const value of earlier) counts.set(value, (counts.get(value) ?? 0) + 1);
  const [usual] = [...counts].sort((a, b) => b[1] - a[1])[0] ?? [''];
  return usual === to ? [] : [{ kind, from: usual, to }];
}

function grown(kind: CostChange['kind'], earlier: readonly number[], to: number): CostChange[] {
  return to > ceilingOf(earlier)
    ? [{ kind, from: String(Math.round(median(earlier))), to: String(Math.round(to)) }]
    : [];
}

function ceilingOf(values: readonly number[]): number {
  const middle = median(values);
  const deviation = median(values.map(value => Math.abs(value - middle)));
  return middle + Math.max(SIGMAS * MAD_TO_SIGMA * deviation, NOISE * middle);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? 0) + upper) / 2;
}

function totalOf({ steps }: RunCost): number {
  return steps.reduce((sum, { cost }) => sum + cost, 0);
}

function hitRate({ cachedTokens, promptTokens }: StepCost): number {
  return promptTokens === 0 ? 0 : cachedTokens / promptTokens;
}

function perTurn(tokens: number, { turns }: StepCost): number {
  return turns === 0 ? 0 : tokens / turns;
}

function percent(rate: number): string {
  return `${Math.round(rate * 100)} %`;
}
