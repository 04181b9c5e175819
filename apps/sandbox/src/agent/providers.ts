import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import type { AgentWork } from '@runledger/contracts';
import { Fault } from '@runledger/kernel';
import type { LanguageModel } from 'ai';
import { scriptedModel } from './scripted-model.js';

export type ProviderName = AgentWork['provider'];

/** Where the models are and what opens them. Keys stay in this process: never in events, logs or a sandbox (S1). */
export interface ProviderSettings {
  readonly anthropic?: { readonly apiKey: string; readonly baseUrl?: string };
  readonly openaiCompatible?: { readonly baseUrl: string; readonly apiKey?: string };
}

/** The operator has given no credential or address for the provider that a step asks for. */
export class ProviderNotConnectedError extends Fault {
  constructor(
    readonly provider: ProviderName,
    readonly fix: string,
  ) {
    super('PROVIDER_NOT_CONNECTED', `Provider ${provider} is not connected here.`, { fields: { provider } });
  }
}

/** The providers that steps can use here. */
export function connectedProviders(settings: ProviderSettings): ProviderName[] {
  return [
    'scripted',
    ...(settings.anthropic ? (['anthropic'] as const) : []),
    ...(settings.openaiCompatible ? (['openai-compatible'] as const) : []),
  ];
}

/** The model that a step names. Throws {@link ProviderNotConnectedError}. */
export function languageModel(settings: ProviderSettings, work: AgentWork): LanguageModel {
  switch (work.provider) {
    case 'scripted':
      return scriptedModel(work.model, work.script ?? []);
    case 'anthropic':
      return anthropicModel(settings, work.model);
    case 'openai-compatible':
      return openAiCompatibleModel(settings, work.model);
  }
}

function anthropicModel({ anthropic }: ProviderSettings, model: string): LanguageModel {
  if (!anthropic) throw new ProviderNotConnectedError('anthropic', 'Set ANTHROPIC_API_KEY.');
  const { apiKey, baseUrl } = anthropic;
  return createAnthropic({ apiKey, ...(baseUrl === undefined ? {} : { baseURL: baseUrl }) })(model);
}

function openAiCompatibleModel({ openaiCompatible }: ProviderSettings, model: string): LanguageModel {
  if (!openaiCompatible) {
    throw new ProviderNotConnectedError('openai-compatible', 'Set OPENAI_COMPATIBLE_BASE_URL.');
  }
  const { apiKey, baseUrl } = openaiCompatible;
  const settings = { name: 'openai-compatible', baseURL: baseUrl, includeUsage: true };
  return createOpenAICompatible({ ...settings, ...(apiKey === undefined ? {} : { apiKey }) })(model);
}
