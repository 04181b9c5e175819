import type { UsageRecorded } from '@runledger/contracts';
import type { LanguageModelV4Usage } from '@ai-sdk/provider';

type Usage = Extract<ReturnType<typeof UsageRecorded>['data']['usage'], { kind: 'model' }>;
export type TokenBuckets = Omit<Usage, 'kind' | 'provider' | 'model'>;

/** No call has more: a provider that says so has not counted. */
const MOST_TOKENS = 1_000_000_000_000;

/** What a provider says of tokens, where it is a count: undefined is unknown, which is not zero. */
export function tokensIn(said: unknown): number | undefined {
  if (typeof said !== 'number' || !(said >= 0 && said <= MOST_TOKENS)) return undefined;
  return Math.floor(said);
}

/** Disjoint buckets: every token is in exactly one. Undefined when the provider said nothing, or nothing that can be a count. */
export function bucketsOf({
  inputTokens: input,
  outputTokens: output,
  raw,
}: LanguageModelV4Usage): TokenBuckets | undefined {
  const [inputTokens, outputTokens] = [tokensIn(input.total), tokensIn(output.total)];
  if (inputTokens === undefined && outputTokens === undefined) return undefined;
  const cacheReadTokens = tokensIn(input.cacheRead) ?? 0;
  const cacheWrittenTokens = tokensIn(input.cacheWrite) ?? 0;
  const reasoningTokens = tokensIn(output.reasoning) ?? 0;
  const fresh = tokensIn(input.noCache) ?? (inputTokens ?? 0) - cacheReadTokens - cacheWrittenTokens;
  return {
    inputTokens: Math.max(0, fresh),
    outputTokens: Math.max(0, (outputTokens ?? 0) - reasoningTokens),
    cacheReadTokens,
    ...cacheWrites(cacheWrittenTokens, raw),
    reasoningTokens,
  };
}

/** What the Messages API says at the start of its answer: all that is known of a call that broke off. */
export function earlyBuckets(raw: unknown): TokenBuckets | undefined {
  if (typeof raw !== 'object' || raw === null) return undefined;
  if (tokensIn((raw as Record<string, unknown>)['input_tokens']) === undefined) return undefined;
  const count = (name: string): number => countIn(raw, name);
  return {
    inputTokens: count('input_tokens'),
    outputTokens: count('output_tokens'),
    cacheReadTokens: count('cache_read_input_tokens'),
    ...cacheWrites(count('cache_creation_input_tokens'), raw),
    reasoningTokens: 0,
  };
}

/** How long a cache keeps what was written into it costs, and stands only in what the vendor itself has sent. */
function cacheWrites(
  writtenTokens: number,
  raw: unknown,
): Pick<TokenBuckets, 'cacheWriteTokens' | 'cacheWrite1hTokens'> {
  const { cache_creation: lifetimes } = (raw ?? {}) as { readonly cache_creation?: unknown };
  const cacheWrite1hTokens = Math.min(writtenTokens, countIn(lifetimes, 'ephemeral_1h_input_tokens'));
  return { cacheWriteTokens: writtenTokens - cacheWrite1hTokens, cacheWrite1hTokens };
}

function countIn(counts: unknown, name: string): number {
  return tokensIn(((counts ?? {}) as Record<string, unknown>)[name]) ?? 0;
}

/** Of a call of which the provider said nothing: no call uses nothing at all, so that it is priced as unknown. */
export const UNTOLD: TokenBuckets = {
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  cacheWrite1hTokens: 0,
  reasoningTokens: 0,
};
