/** One answer of the vendor: a spoken turn, an error instead of one, or silence. */
export type VendorAnswer = SpokenAnswer | RefusedAnswer | SilentAnswer;

export interface VendorToolCall {
  readonly id: string;
  readonly name: string;
  readonly input: unknown;
  /** What comes over the wire instead of the input as JSON. */
  readonly written?: string;
}

export interface VendorUsage {
  /** Not from a cache. */
  readonly input: number;
  /** Reasoning included. */
  readonly output: number;
  readonly cacheRead?: number;
  /** Into a cache of five minutes. */
  readonly cacheWrite?: number;
  /** Into one of an hour; Anthropic alone has it. */
  readonly cacheWrite1h?: number;
  readonly reasoning?: number;
}

export interface SpokenAnswer {
  readonly kind?: 'spoken';
  readonly thinking?: string;
  /** Anthropic's proof that it was its own thinking; must come back unchanged with the next request. */
  readonly signature?: string;
  readonly text?: string;
  readonly tools?: readonly VendorToolCall[];
  readonly usage?: VendorUsage;
  /** Default: `tool_use` with tools, else `end`. `context_window` is known to Anthropic's wire only. */
  readonly stop?: 'end' | 'tool_use' | 'length' | 'filter' | 'context_window';
  /** Between two frames. */
  readonly frameDelayMs?: number;
  /** What happens after this many frames instead of the rest. */
  readonly breakOff?: { readonly afterFrames: number; readonly how: 'reset' | 'close' | 'error-event' | 'stall' };
}

export interface RefusedAnswer {
  readonly kind: 'refused';
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Error type of the Anthropic wire, code of the OpenAI wire. */
  readonly code: string;
  readonly message: string;
}

/** Accepts the request and never says anything. */
export interface SilentAnswer {
  readonly kind: 'silent';
}

export const DEFAULT_USAGE: VendorUsage = { input: 10, output: 5 };

/** Pieces of at most seven characters, so that words, escapes and surrogates are cut. */
export function pieces(text: string): string[] {
  return text.match(/.{1,7}/gsu) ?? [];
}
