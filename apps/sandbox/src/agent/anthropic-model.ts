import { AnthropicLanguageModel } from '@ai-sdk/anthropic/internal';
import { generateId } from '@ai-sdk/provider-utils';
import type { LanguageModelV4 } from '@ai-sdk/provider';

const API = 'https://api.anthropic.com/v1';
const VERSION = '2023-06-01';
/** What Anthropic fetches by itself where a message names it. */
const FETCHED_THERE = { 'image/*': [/^https?:\/\/.*$/], 'application/pdf': [/^https?:\/\/.*$/] };

export interface AnthropicAddress {
  readonly apiKey: string;
  /** With the version; default: Anthropic's own. */
  readonly baseUrl?: string;
  readonly fetch: typeof globalThis.fetch;
}

/**
 * A model of Anthropic. It is made here and not by the library's provider, which refers to all that the library can do: tools that are executed
 * at Anthropic, files, batches. Half of it is never used, and every agent that asks would hold it in memory.
 */
export function anthropicModel(model: string, { apiKey, baseUrl = API, fetch }: AnthropicAddress): LanguageModelV4 {
  return new AnthropicLanguageModel(model, {
    provider: 'anthropic.messages',
    supportsMessageThreads: true,
    baseURL: baseUrl,
    headers: { 'anthropic-version': VERSION, 'x-api-key': apiKey },
    supportedUrls: () => FETCHED_THERE,
    fetch,
    generateId,
  });
}
