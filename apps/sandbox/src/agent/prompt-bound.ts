import type { BuiltInTool, ToolName } from '@runledger/contracts';
import type { ModelMessage } from '@ai-sdk/provider-utils';
import { z } from 'zod';
import type { TokenBuckets } from './model-usage.js';
import type { OfferedTool } from '../mcp/mcp-tools.js';
import { isBuiltIn, toolDescriptions, toolInputs } from './tool-inputs.js';

/** What vendors put around a prompt themselves, most of all when there are tools; in tokens. */
const AROUND = 2_048;
/** Around one more message. */
const AROUND_MESSAGES = 256;

/**
 * Not fewer tokens than a prompt has. Tokens are made of whole bytes, so that a text never has more tokens than bytes; of what
 * was sent before, the provider itself has said how many there were.
 */
export class PromptBound {
  #known = { messages: 0, tokens: 0 };

  constructor(
    private readonly tools: readonly ToolName[],
    private readonly instructions: string | undefined,
    private readonly offered: readonly OfferedTool[] = [],
  ) {}

  of(messages: readonly ModelMessage[]): number {
    const whole =
      AROUND + bytes(this.instructions ?? '') + toolBytes(this.tools, this.offered) + bytes(JSON.stringify(messages));
    if (this.#known.messages === 0) return whole;
    const rest = messages.slice(this.#known.messages);
    return Math.min(whole, this.#known.tokens + AROUND_MESSAGES + bytes(JSON.stringify(rest)));
  }

  /** The provider has counted these messages; what it wrote itself is among them and reads a little longer than it wrote. */
  counted(messages: number, usage: TokenBuckets | undefined): void {
    if (!usage) return;
    const prompt = usage.inputTokens + usage.cacheReadTokens + usage.cacheWriteTokens + usage.cacheWrite1hTokens;
    const written = usage.outputTokens + usage.reasoningTokens;
    this.#known = { messages, tokens: prompt + written + Math.ceil(written / 4) };
  }
}

function bytes(text: string): number {
  return Buffer.byteLength(text);
}

function toolBytes(tools: readonly ToolName[], offered: readonly OfferedTool[]): number {
  const ours = tools.filter(isBuiltIn).map(builtInBytes);
  const theirs = offered.filter(({ name }) => tools.includes(name)).map(describedBytes);
  return [...ours, ...theirs].reduce((sum, each) => sum + each, 0);
}

const known = new Map<BuiltInTool, number>();

/** Of one that is the same for every agent: its schema is written out once. */
function builtInBytes(name: BuiltInTool): number {
  const before = known.get(name);
  if (before !== undefined) return before;
  const schema: z.ZodType = toolInputs[name];
  const inputSchema = z.toJSONSchema(schema, { io: 'input' });
  const found = describedBytes({ description: toolDescriptions[name], inputSchema });
  known.set(name, found);
  return found;
}

function describedBytes({ description, inputSchema }: { description: string; inputSchema: unknown }): number {
  return bytes(description) + bytes(JSON.stringify(inputSchema));
}
