import type { UsageRecorded } from '@runledger/contracts';
import type { LanguageModelUsage } from 'ai';

type Usage = Extract<ReturnType<typeof UsageRecorded>['data']['usage'], { kind: 'model' }>;
export type TokenBuckets = Omit<Usage, 'kind' | 'provider' | 'model'>;

/** Disjoint buckets: every token is in exactly one. Undefined when the provider said nothing. */
export function bucketsOf(usage: LanguageModelUsage): TokenBuckets | undefined {
  const { inputTokens, outputTokens, inputTokenDetails, outputTokenDetails } = usage;
  if (inputTokens === undefined && outputTokens === undefined) return undefined;
  const cacheReadTokens = inputTokenDetails.cacheReadTokens ?? 0;
  const cacheWriteTokens = inputTokenDetails.cacheWriteTokens ?? 0;
  const reasoningTokens = outputTokenDetails.reasoningTokens ?? 0;
  const fresh = inputTokenDetails.noCacheTokens ?? (inputTokens ?? 0) - cacheReadTokens - cacheWriteTokens;
  return {
    inputTokens: Math.max(0, fresh),
    outputTokens: Math.max(0, (outputTokens ?? 0) - reasoningTokens),
    cacheReadTokens,
    cacheWriteTokens,
    reasoningTokens,
  };
}

/** What the Messages API says at the start of its answer: all that is known of a call that broke off. */
export function earlyBuckets(raw: unknown): TokenBuckets | undefined {
  if (typeof raw !== 'object' || raw === null) return undefined;
  const count = (name: string): number => {
    const value = (raw as Record<string, unknown>)[name];
    return typeof value === 'number' && value >= 0 ? Math.floor(value) : 0;
  };
  return {
    inputTokens: count('input_tokens'),
    outputTokens: count('output_tokens'),
    cacheReadTokens: count('cache_read_input_tokens'),
    cacheWriteTokens: count('cache_creation_input_tokens'),
    reasoningTokens: 0,
  };
}
