import { UsageRecorded } from '@runledger/contracts';
import { tokensIn } from '../agent/model-usage.js';
import type { TokenBuckets } from '../agent/model-usage.js';
import type { StepRun } from '../attempt/step-run.js';
import { recordOf } from './told-record.js';

/**
 * What the answer to a prompt says of tokens. The protocol has no settled form for it: what cannot be read is unknown, which is not
 * zero. Reasoning is told apart where it is told at all; adapters count it into the output.
 */
export function usageIn(answer: unknown): TokenBuckets | undefined {
  const { usage, _meta: meta } = recordOf(answer) ?? {};
  const said = recordOf(usage ?? recordOf(meta)?.['usage']);
  const count = (name: string): number | undefined => tokensIn(said?.[name]);
  const [inputTokens, outputTokens] = [count('inputTokens'), count('outputTokens')];
  if (inputTokens === undefined || outputTokens === undefined) return undefined;
  const reasoningTokens = Math.min(outputTokens, count('thoughtTokens') ?? 0);
  return {
    inputTokens,
    outputTokens: outputTokens - reasoningTokens,
    reasoningTokens,
    cacheReadTokens: count('cachedReadTokens') ?? 0,
    cacheWriteTokens: count('cachedWriteTokens') ?? 0,
    cacheWrite1hTokens: 0, // adapters do not tell them apart
  };
}

export interface UsedModel {
  readonly provider: string;
  readonly model: string;
}

/** `name` is unique within the attempt. Nothing is recorded where nothing is known, but it is said. */
export function recordUsage({ transcript }: StepRun, name: string, used: UsedModel, answer: unknown): void {
  const buckets = usageIn(answer);
  if (!buckets) {
    return transcript.note(
      'InfoRecorded',
      `usage.${name}`,
      'The agent did not say how many tokens it used: they are unknown.',
    );
  }
  const usage = { kind: 'model', ...used, ...buckets } as const;
  const usageId = `${transcript.place.attemptId}.${name}`;
  transcript.add(UsageRecorded({ ...transcript.place, usageId, usage, at: transcript.now() }));
}
