import { earlyBuckets, tokensIn } from '../agent/model-usage.js';
import type { TokenBuckets } from '../agent/model-usage.js';
import { recordOf } from './told-record.js';
import type { ToldRecord } from './told-record.js';

/** Most of an answer that is looked into; what tells of tokens is far shorter. */
const MOST_CHARS = 33_554_432;

/**
 * Reads from an answer on its way what it used: of the Messages API, chat completions and the Responses API, streamed or whole. What cannot be
 * read is unknown, which is not zero. Of an answer that broke off, what had been told by then.
 */
export class RelayedUsage {
  readonly #decoder = new TextDecoder();
  #writtenBytes = 0;
  #isTold = false;
  #rest = '';
  #counts: ToldRecord | undefined;

  constructor(private readonly contentType: string) {}

  take(chunk: Buffer): void {
    if (this.#rest.length > MOST_CHARS) return;
    this.#rest += this.#decoder.decode(chunk, { stream: true });
    if (!this.#isStream) return;
    const lines = this.#rest.split(/\r\n|\n|\r/);
    this.#rest = lines.pop() ?? '';
    for (const line of lines) if (line.startsWith('data:')) this.#hear(line.slice('data:'.length));
  }

  /** Disjoint buckets; undefined: nothing was told. */
  get buckets(): TokenBuckets | undefined {
    if (!this.#isStream) this.#hear(this.#rest);
    return this.#counts && bucketsIn(this.#counts);
  }

  /**
   * Of an answer that was cut off, by whomever: its start tells of the prompt, but of nothing that was written. Tokens are made of whole
   * bytes, so that no more came than bytes; a program cannot have answers for nothing by not listening to their end (M1).
   */
  brokenOff(maxOutputTokens: number): TokenBuckets | undefined {
    const told = this.buckets;
    if (!told || this.#isTold) return told;
    return { ...told, outputTokens: Math.max(told.outputTokens, Math.min(maxOutputTokens, this.#writtenBytes)) };
  }

  get #isStream(): boolean {
    return this.contentType.includes('event-stream');
  }

  #hear(text: string): void {
    if (!text.includes('usage') && !text.includes('delta')) return;
    const said = recordOf(jsonOf(text));
    this.#writtenBytes += writtenIn(said?.['delta']);
    if (recordOf(said?.['usage'])) this.#isTold = true;
    // Where each of them says it: at the top, at the start of a message, or with the whole response at its end.
    for (const place of [said, recordOf(said?.['message']), recordOf(said?.['response'])]) {
      const usage = recordOf(place?.['usage']);
      // Later counts are of the whole answer so far; what they leave out stands as it was.
      if (usage) this.#counts = { ...this.#counts, ...usage };
    }
  }
}

/** What the Messages API streams of a text, a thought or the input of a call. */
function writtenIn(delta: unknown): number {
  const { text, thinking, partial_json: json } = recordOf(delta) ?? {};
  return [text, thinking, json].reduce<number>(
    (sum, it) => sum + (typeof it === 'string' ? Buffer.byteLength(it) : 0),
    0,
  );
}

function bucketsIn(counts: ToldRecord): TokenBuckets | undefined {
  const isAnthropic = 'cache_read_input_tokens' in counts || 'cache_creation_input_tokens' in counts;
  if (tokensIn(counts['input_tokens'] ?? counts['prompt_tokens']) === undefined) return undefined;
  const details = recordOf(counts['input_tokens_details']) ?? recordOf(counts['prompt_tokens_details']);
  const outputs = recordOf(counts['output_tokens_details']) ?? recordOf(counts['completion_tokens_details']);
  if (isAnthropic || (!details && !outputs && 'input_tokens' in counts)) return earlyBuckets(counts);
  const prompt = count(counts, 'input_tokens') + count(counts, 'prompt_tokens');
  const written = count(counts, 'output_tokens') + count(counts, 'completion_tokens');
  const cacheReadTokens = Math.min(prompt, count(details, 'cached_tokens'));
  const reasoningTokens = Math.min(written, count(outputs, 'reasoning_tokens'));
  return {
    inputTokens: prompt - cacheReadTokens,
    outputTokens: written - reasoningTokens,
    ...{ cacheReadTokens, reasoningTokens, cacheWriteTokens: 0, cacheWrite1hTokens: 0 },
  };
}

function count(counts: ToldRecord | undefined, name: string): number {
  return tokensIn(counts?.[name]) ?? 0;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // `[DONE]`, or an answer that broke off
  }
}
