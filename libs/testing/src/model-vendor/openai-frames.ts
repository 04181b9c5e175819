import { DEFAULT_USAGE, pieces } from './vendor-answer.js';
import type { RefusedAnswer, SpokenAnswer, VendorToolCall, VendorUsage } from './vendor-answer.js';

/** The chat completions' stream of server-sent events for one answer; usage comes last, in a chunk without choices. */
export function openAiFrames(answer: SpokenAnswer, model: string, includeUsage: boolean): string[] {
  const chunk = (more: Readonly<Record<string, unknown>>): string =>
    frame({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model, ...more });
  const delta = (content: unknown, finishReason: string | null = null): string =>
    chunk({ choices: [{ index: 0, delta: content, finish_reason: finishReason }] });
  return [
    delta({ role: 'assistant' }),
    ...pieces(answer.thinking ?? '').map(piece => delta({ reasoning_content: piece })),
    ...pieces(answer.text ?? '').map(piece => delta({ content: piece })),
    ...(answer.tools ?? []).flatMap((call, index) => toolDeltas(call, index).map(content => delta(content))),
    delta({}, finishReason(answer)),
    ...(includeUsage ? [chunk({ choices: [], usage: usageOf(answer.usage ?? DEFAULT_USAGE) })] : []),
    'data: [DONE]\n\n',
  ];
}

export function openAiErrorEvent(): string {
  return frame({ error: { message: 'The server is overloaded.', type: 'server_error', code: 'overloaded' } });
}

export function openAiError({ code, message }: RefusedAnswer): unknown {
  return { error: { message, type: code, param: null, code } };
}

function frame(data: unknown): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}

function toolDeltas({ id, name, input, written = JSON.stringify(input) }: VendorToolCall, index: number): unknown[] {
  const part = (fields: object): unknown => ({ tool_calls: [{ index, ...fields }] });
  return [
    part({ id, type: 'function', function: { name, arguments: '' } }),
    ...pieces(written).map(piece => part({ function: { arguments: piece } })),
  ];
}

function usageOf(usage: VendorUsage): unknown {
  const prompt = usage.input + (usage.cacheRead ?? 0);
  return {
    prompt_tokens: prompt,
    completion_tokens: usage.output,
    total_tokens: prompt + usage.output,
    prompt_tokens_details: { cached_tokens: usage.cacheRead ?? 0 },
    completion_tokens_details: { reasoning_tokens: usage.reasoning ?? 0 },
  };
}

function finishReason(answer: SpokenAnswer): string {
  const stop = answer.stop ?? (answer.tools?.length ? 'tool_use' : 'end');
  switch (stop) {
    case 'end':
    case 'context_window':
      return 'stop';
    case 'tool_use':
      return 'tool_calls';
    case 'length':
      return 'length';
    case 'filter':
      return 'content_filter';
  }
}
