import type { RateCard, Usage } from '@runledger/contracts';

type ModelUsage = Extract<Usage, { kind: 'model' }>;
type ComputeUsage = Extract<Usage, { kind: 'compute' }>;
type NamedModel = Pick<ModelUsage, 'provider' | 'model'>;
type ModelPrice = RateCard['models'][number];

/** What some usage costs. Null means unpriced, which is not zero; `note` says why, or why it is free. */
export interface Price {
  /** Millionths of the card's currency. */
  readonly amountMicroUnits: number | null;
  readonly note?: string;
}

const TOKENS_PER_PRICE = 1_000_000n;
const MS_PER_HOUR = 3_600_000n;
const SNAPSHOT_DATE = /-(\d{8}|\d{4}-\d{2}-\d{2})$/;

/**
 * Prices usage by a rate card. Integers all the way: buckets are disjoint, their exact costs are added up and rounded once,
 * half up. A used bucket without a price makes the whole charge unpriced (M1: a wrong sum is worse than none).
 */
export function price(usage: Usage, card: RateCard): Price {
  switch (usage.kind) {
    case 'model':
      return priceOfModel(usage, card);
    case 'compute':
      return priceOfCompute(usage, card);
  }
}

function priceOfModel(usage: ModelUsage, card: RateCard): Price {
  const free = freeOf(usage, card);
  if (free) return { amountMicroUnits: 0, note: `free: ${free.reason}` };
  if (isUntold(usage)) return unpriced(`${usage.provider} did not say how many tokens the call of ${usage.model} used`);
  const prices = pricesFor(usage, card);
  if (!prices) return unpriced(`no price for ${usage.provider} ${usage.model} with a prompt of this size`);
  const { perMillionTokens } = prices;
  const parts: readonly (readonly [string, number, number | undefined])[] = [
    ['input', usage.inputTokens, perMillionTokens.input],
    ['output', usage.outputTokens, perMillionTokens.output],
    ['cache read', usage.cacheReadTokens, perMillionTokens.cacheRead],
    ['cache write', usage.cacheWriteTokens, perMillionTokens.cacheWrite],
    ['1-hour cache write', usage.cacheWrite1hTokens, perMillionTokens.cacheWrite1h],
    ['reasoning', usage.reasoningTokens, perMillionTokens.reasoning],
  ];
  let exact = 0n;
  for (const [bucket, tokens, perMillion] of parts) {
    if (tokens === 0) continue;
    if (perMillion === undefined) return unpriced(`no ${bucket} price for ${usage.provider} ${usage.model}`);
    exact += BigInt(tokens) * BigInt(perMillion);
  }
  return rounded(exact, TOKENS_PER_PRICE);
}

/** A call has a prompt: when there is no token at all, nobody has said how many there were, which is not zero. */
export function isUntold(usage: Usage): boolean {
  if (usage.kind !== 'model') return false;
  const { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, cacheWrite1hTokens, reasoningTokens } = usage;
  return inputTokens + outputTokens + cacheReadTokens + cacheWriteTokens + cacheWrite1hTokens + reasoningTokens === 0;
}

/** Why a model costs nothing; undefined when it does. */
export function freeOf(used: NamedModel, card: RateCard): RateCard['free'][number] | undefined {
  return card.free.find(
    ({ provider, model }) => provider === used.provider && (model === undefined || model === used.model),
  );
}

/** The prices of a model, of all sizes of prompts. A dated snapshot is priced as its model unless the card names it. */
export function entriesFor({ provider, model }: NamedModel, card: RateCard): readonly ModelPrice[] {
  const named = (name: string) => card.models.filter(it => it.provider === provider && it.model === name);
  const exact = named(model);
  return exact.length > 0 ? exact : named(model.replace(SNAPSHOT_DATE, ''));
}

function pricesFor(usage: ModelUsage, card: RateCard): ModelPrice | undefined {
  const entries = entriesFor(usage, card);
  const promptTokens = usage.inputTokens + usage.cacheReadTokens + usage.cacheWriteTokens + usage.cacheWrite1hTokens;
  return entries
    .filter(({ upToPromptTokens }) => promptTokens <= (upToPromptTokens ?? Infinity))
    .sort((a, b) => (a.upToPromptTokens ?? Infinity) - (b.upToPromptTokens ?? Infinity))[0];
}

function priceOfCompute(usage: ComputeUsage, card: RateCard): Price {
  const rate = card.compute.find(({ resourceClass }) => resourceClass === usage.resourceClass);
  if (!rate) return unpriced(`no price for resource class ${usage.resourceClass}`);
  return rounded(BigInt(usage.milliseconds) * BigInt(rate.perHour), MS_PER_HOUR);
}

function rounded(exact: bigint, unit: bigint): Price {
  const amount = (exact * 2n + unit) / (unit * 2n);
  if (amount > BigInt(Number.MAX_SAFE_INTEGER)) return unpriced('the amount is too large to be written down exactly');
  return { amountMicroUnits: Number(amount) };
}

function unpriced(reason: string): Price {
  return { amountMicroUnits: null, note: `unpriced: ${reason}` };
}
