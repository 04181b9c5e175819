import { DEFAULT_USAGE, pieces } from './vendor-answer.js';
import type { RefusedAnswer, SpokenAnswer, VendorToolCall } from './vendor-answer.js';

type Frame = Readonly<Record<string, unknown>> & { readonly type: string };

/** The Messages API's stream of server-sent events for one answer. */
export function anthropicFrames(answer: SpokenAnswer, model: string): string[] {
  const { usage = DEFAULT_USAGE } = answer;
  const blocks = [
    ...(answer.thinking === undefined ? [] : [thinkingBlock(answer.thinking, answer.signature ?? 'signed')]),
    ...(answer.text === undefined ? [] : [textBlock(answer.text)]),
    ...(answer.tools ?? []).map(toolBlock),
  ];
  const started = {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: {
      input_tokens: usage.input,
      cache_read_input_tokens: usage.cacheRead ?? 0,
      cache_creation_input_tokens: (usage.cacheWrite ?? 0) + (usage.cacheWrite1h ?? 0),
      cache_creation: {
        ephemeral_5m_input_tokens: usage.cacheWrite ?? 0,
        ephemeral_1h_input_tokens: usage.cacheWrite1h ?? 0,
      },
      output_tokens: 1,
    },
  };
  const frames: Frame[] = [
    { type: 'message_start', message: started },
    { type: 'ping' },
    ...blocks.flatMap((block, index) => block.map(frame => ({ ...frame, index }))),
    {
      type: 'message_delta',
      delta: { stop_reason: stopReason(answer), stop_sequence: null },
      usage: { output_tokens: usage.output },
    },
    { type: 'message_stop' },
  ];
  return frames.map(frame);
}

export function anthropicErrorEvent(): string {
  return frame({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } });
}

export function anthropicError({ code, message }: RefusedAnswer): unknown {
  return { type: 'error', error: { type: code, message } };
}

function frame(data: Frame): string {
  return `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
}

function thinkingBlock(thinking: string, signature: string): Frame[] {
  return block({ type: 'thinking', thinking: '', signature: '' }, [
    ...pieces(thinking).map(piece => ({ type: 'thinking_delta', thinking: piece })),
    { type: 'signature_delta', signature },
  ]);
}

function textBlock(text: string): Frame[] {
  return block(
    { type: 'text', text: '' },
    pieces(text).map(piece => ({ type: 'text_delta', text: piece })),
  );
}

function toolBlock({ id, name, input, written = JSON.stringify(input) }: VendorToolCall): Frame[] {
  return block(
    { type: 'tool_use', id, name, input: {} },
    pieces(written).map(piece => ({ type: 'input_json_delta', partial_json: piece })),
  );
}

function block(content: unknown, deltas: readonly unknown[]): Frame[] {
  return [
    { type: 'content_block_start', content_block: content },
    ...deltas.map(delta => ({ type: 'content_block_delta', delta })),
    { type: 'content_block_stop' },
  ];
}

function stopReason(answer: SpokenAnswer): string {
  const stop = answer.stop ?? (answer.tools?.length ? 'tool_use' : 'end');
  switch (stop) {
    case 'end':
      return 'end_turn';
    case 'tool_use':
      return 'tool_use';
    case 'length':
      return 'max_tokens';
    case 'filter':
      return 'refusal';
    case 'context_window':
      return 'model_context_window_exceeded';
  }
}
