import { UsageRecorded, type Usage } from '@runledger/contracts';
import type { EventOf } from '@runledger/kernel';
import { defineRows } from '@runledger/projections';

const NO_TOKENS = {
  input_tokens: 0,
  output_tokens: 0,
  cache_read_tokens: 0,
  cache_write_tokens: 0,
  cache_write_1h_tokens: 0,
  reasoning_tokens: 0,
};

/** What runs have used, by step: the history that estimates are made from. */
export const runUsageProjection = defineRows<EventOf<readonly [typeof UsageRecorded]>>({
  name: 'run-usage',
  version: 2,
  // One row for each event, which nothing changes.
  partitioned: true,
  table: 'run_usage',
  uniqueBy: ['workspace_id', 'run_id', 'usage_id'],
  types: [UsageRecorded.type],
  rows: ({ tenant, data: { runId, usageId, step, usage } }) => [
    { workspace_id: tenant, run_id: runId, usage_id: usageId, step, ...columnsOf(usage) },
  ],
});

function columnsOf(usage: Usage) {
  switch (usage.kind) {
    case 'model':
      return {
        kind: usage.kind,
        provider: usage.provider,
        model: usage.model,
        resource_class: null,
        input_tokens: usage.inputTokens,
        output_tokens: usage.outputTokens,
        cache_read_tokens: usage.cacheReadTokens,
        cache_write_tokens: usage.cacheWriteTokens,
        cache_write_1h_tokens: usage.cacheWrite1hTokens,
        reasoning_tokens: usage.reasoningTokens,
        milliseconds: 0,
      };
    case 'compute':
      return {
        kind: usage.kind,
        provider: null,
        model: null,
        resource_class: usage.resourceClass,
        ...NO_TOKENS,
        milliseconds: usage.milliseconds,
      };
  }
}
