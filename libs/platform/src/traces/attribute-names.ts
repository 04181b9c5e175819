/**
 * Names of span attributes, in one place: those of GenAI are still moving. What people or models write is never an attribute.
 * https://opentelemetry.io/docs/specs/semconv/
 */
export const ATTRIBUTE = {
  runId: 'runledger.run.id',
  workspaceId: 'runledger.workspace.id',
  correlationId: 'runledger.correlation.id',
  command: 'runledger.command.name',
  outcome: 'runledger.outcome',
  streamCategory: 'runledger.stream.category',
  events: 'runledger.events',
  consumer: 'runledger.consumer',
  eventType: 'runledger.event.type',
  position: 'runledger.event.position',
  attemptId: 'runledger.attempt.id',
  step: 'runledger.step',
  attempt: 'runledger.attempt',
  epoch: 'runledger.attempt.epoch',
  link: 'runledger.link',
  httpMethod: 'http.request.method',
  httpRoute: 'http.route',
  httpStatus: 'http.response.status_code',
  graphqlType: 'graphql.operation.type',
  graphqlName: 'graphql.operation.name',
  genAiOperation: 'gen_ai.operation.name',
  genAiSystem: 'gen_ai.system',
  genAiProvider: 'gen_ai.provider.name',
  genAiModel: 'gen_ai.request.model',
  genAiMaxTokens: 'gen_ai.request.max_tokens',
  genAiFinishReasons: 'gen_ai.response.finish_reasons',
  genAiInputTokens: 'gen_ai.usage.input_tokens',
  genAiOutputTokens: 'gen_ai.usage.output_tokens',
  genAiCacheReadTokens: 'gen_ai.usage.cache_read.input_tokens',
  genAiCacheWriteTokens: 'gen_ai.usage.cache_creation.input_tokens',
  genAiTool: 'gen_ai.tool.name',
  genAiToolCallId: 'gen_ai.tool.call.id',
  genAiToolType: 'gen_ai.tool.type',
} as const;

/** How spans name a story: by its run when it has one. */
export function storyAttributes(correlationId: string): Record<string, string> {
  const name = correlationId.startsWith('run_') ? ATTRIBUTE.runId : ATTRIBUTE.correlationId;
  return { [name]: correlationId };
}
