import type { ModelMessage, SystemModelMessage } from '@ai-sdk/provider-utils';

/** Up to here the prompt may be kept by the vendor for the next turn. Only Anthropic wants to be told; others ignore it. */
const CACHED = { anthropic: { cacheControl: { type: 'ephemeral' } } };

/** Tools and instructions are the same in every turn: the longest part of a prompt that is. */
export function cachedInstructions(content: string): SystemModelMessage {
  return { role: 'system', content, providerOptions: CACHED };
}

/** The next turn repeats this conversation and adds to it. What is stored stays without the mark, which moves on. */
export function cachedConversation(messages: readonly ModelMessage[]): ModelMessage[] {
  const last = messages.at(-1);
  if (!last) return [];
  return [...messages.slice(0, -1), { ...last, providerOptions: { ...last.providerOptions, ...CACHED } }];
}
