import { tokensIn } from '../agent/model-usage.js';
import type { TokenBuckets } from '../agent/model-usage.js';
import type { CloudAnswer } from './cursor-api.js';

interface Told {
  readonly totalUsage?: Record<string, unknown> | null | undefined;
  readonly runs?:
    | readonly {
        readonly id?: string | null | undefined;
        readonly usage?: Record<string, unknown> | null | undefined;
      }[]
    | null
    | undefined;
}

/** What the vendor says of a run's tokens. What cannot be read is unknown, which is not zero. */
export function usedIn(answer: CloudAnswer<Told>, runId: string): TokenBuckets | undefined {
  if (answer.status !== 'finished' || typeof answer.value === 'string') return undefined;
  const used = answer.value.runs?.find(({ id }) => id === runId)?.usage;
  const count = (name: string): number | undefined => tokensIn(used?.[name]);
  const [inputTokens, outputTokens] = [count('inputTokens'), count('outputTokens')];
  if (inputTokens === undefined || outputTokens === undefined) return undefined;
  return {
    ...{ inputTokens, outputTokens, reasoningTokens: 0 },
    cacheReadTokens: count('cacheReadTokens') ?? 0,
    cacheWriteTokens: count('cacheWriteTokens') ?? 0,
    cacheWrite1hTokens: 0,
  };
}
