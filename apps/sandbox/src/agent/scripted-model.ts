import type { ScriptedTurn } from '@runledger/contracts';
import type {
  LanguageModelV4,
  LanguageModelV4CallOptions as CallOptions,
  LanguageModelV4StreamPart as StreamPart,
  LanguageModelV4Usage,
} from '@ai-sdk/provider';
import { setImmediate as nextTick } from 'node:timers/promises';

const CHUNK_CHARS = 24;
const CHARS_PER_TOKEN = 4;

/**
 * A model that plays a written conversation through the same loop as the real ones: turn k of the script is the k-th turn of
 * the assistant. It streams in small pieces, and its token counts follow from the length of the texts.
 */
export function scriptedModel(modelId: string, script: readonly ScriptedTurn[]): LanguageModelV4 {
  return {
    specificationVersion: 'v4',
    provider: 'scripted',
    modelId,
    supportedUrls: {},
    doGenerate: () => Promise.reject(new TypeError('The scripted model only streams.')),
    doStream: options => {
      const played = options.prompt.filter(message => message.role === 'assistant').length;
      const turn = script[played] ?? {};
      return Promise.resolve({ stream: ReadableStream.from(partsOf(turn, played, options)) });
    },
  };
}

async function* partsOf(turn: ScriptedTurn, played: number, options: CallOptions): AsyncGenerator<StreamPart> {
  yield { type: 'stream-start', warnings: [] };
  yield* pieces('reasoning', turn.thinking);
  yield* pieces('text', turn.text);
  for (const [index, { name, arguments: input }] of (turn.tools ?? []).entries()) {
    options.abortSignal?.throwIfAborted();
    const toolCallId = `scripted-${played + 1}-${index + 1}`;
    yield { type: 'tool-call', toolCallId, toolName: name, input: JSON.stringify(input) };
  }
  const unified = turn.tools?.length ? 'tool-calls' : 'stop';
  yield { type: 'finish', finishReason: { unified, raw: 'scripted' }, usage: usageOf(turn, options) };
}

async function* pieces(kind: 'text' | 'reasoning', text: string | undefined): AsyncGenerator<StreamPart> {
  if (!text) return;
  const id = kind;
  yield { type: `${kind}-start`, id };
  for (let from = 0; from < text.length; from += CHUNK_CHARS) {
    await nextTick();
    yield { type: `${kind}-delta`, id, delta: text.slice(from, from + CHUNK_CHARS) };
  }
  yield { type: `${kind}-end`, id };
}

function usageOf(turn: ScriptedTurn, options: CallOptions): LanguageModelV4Usage {
  const input = tokens(JSON.stringify(options.prompt.map(message => message.content)));
  const reasoning = tokens(turn.thinking ?? '');
  const text = tokens((turn.text ?? '') + (turn.tools ?? []).map(tool => JSON.stringify(tool)).join(''));
  return {
    inputTokens: { total: input, noCache: input, cacheRead: 0, cacheWrite: 0 },
    outputTokens: { total: text + reasoning, text, reasoning },
  };
}

function tokens(text: string): number {
  return Math.ceil(text.length / CHARS_PER_TOKEN);
}
