import type { AgentWork } from '@runledger/contracts';
import { SpanKind } from '@opentelemetry/api';
import type { Span } from '@opentelemetry/api';
import { ATTRIBUTE, boundHistogram, inSpan, markFailed, secondsSince } from '@runledger/platform';
import type { Metrics } from '@runledger/platform';
import type { TurnOutcome } from './model-turn.js';

/** Does one call of a model, and writes down how it went: names and numbers, never what was said. */
export type ModelCallObserver = (
  work: AgentWork,
  maxOutputTokens: number,
  call: () => Promise<TurnOutcome>,
) => Promise<TurnOutcome>;

/** How long a call took, and how it ended. */
export interface CallDuration {
  readonly provider: AgentWork['provider'];
  readonly outcome: TurnOutcome['status'];
  readonly seconds: number;
}

export function callDurations(metrics: Metrics): (call: CallDuration) => void {
  const durations = boundHistogram(metrics.histogram('modelCallDuration'), 'provider', 'outcome');
  return ({ provider, outcome, seconds }) => durations.of(provider, outcome).observe(seconds);
}

export function modelCallObserver(took: (call: CallDuration) => void): ModelCallObserver {
  return async (work, maxOutputTokens, call) => {
    const startedMs = performance.now();
    let ended: TurnOutcome['status'] = 'failed';
    const options = { kind: SpanKind.CLIENT, attributes: attributesOf(work, maxOutputTokens) };
    try {
      return await inSpan(`chat ${work.model}`, options, async span => {
        const outcome = await call();
        ended = outcome.status;
        describe(span, outcome);
        return outcome;
      });
    } finally {
      took({ provider: work.provider, outcome: ended, seconds: secondsSince(startedMs) });
    }
  };
}

function attributesOf({ provider, model }: AgentWork, maxOutputTokens: number) {
  return {
    [ATTRIBUTE.genAiOperation]: 'chat',
    [ATTRIBUTE.genAiSystem]: provider,
    [ATTRIBUTE.genAiProvider]: provider,
    [ATTRIBUTE.genAiModel]: model,
    [ATTRIBUTE.genAiMaxTokens]: maxOutputTokens,
  };
}

/** Our buckets are disjoint; the conventions count cached tokens as input, and reasoning as output. */
function describe(span: Span, outcome: TurnOutcome): void {
  const { usage, status } = outcome;
  span.setAttribute(ATTRIBUTE.outcome, status);
  if (outcome.status === 'finished') span.setAttribute(ATTRIBUTE.genAiFinishReasons, [outcome.finishReason]);
  if (outcome.status === 'failed') markFailed(span, outcome.fault.code);
  if (!usage) return;
  const cacheWritten = usage.cacheWriteTokens + usage.cacheWrite1hTokens;
  span.setAttributes({
    [ATTRIBUTE.genAiInputTokens]: usage.inputTokens + usage.cacheReadTokens + cacheWritten,
    [ATTRIBUTE.genAiOutputTokens]: usage.outputTokens + usage.reasoningTokens,
    [ATTRIBUTE.genAiCacheReadTokens]: usage.cacheReadTokens,
    [ATTRIBUTE.genAiCacheWriteTokens]: cacheWritten,
  });
}
