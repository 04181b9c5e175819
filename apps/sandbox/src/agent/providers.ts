import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { isCommandLineAgent } from '@runledger/contracts';
import type { AgentWork, IntegrationKind } from '@runledger/contracts';
import { Fault } from '@runledger/kernel';
import type { LanguageModel } from 'ai';
import type { Connection, Credentials } from '../integrations/credentials.js';
import { scriptedModel } from './scripted-model.js';

export type ProviderName = AgentWork['provider'];

/** The operator's own connections, for every workspace. Keys stay in this process: never in events, logs or a sandbox (S1). */
export interface ProviderSettings {
  readonly anthropic?: { readonly apiKey: string; readonly baseUrl?: string };
  readonly openaiCompatible?: { readonly baseUrl: string; readonly apiKey?: string };
}

/** Nobody has connected the provider that a step asks for: neither the workspace nor the operator. */
export class ProviderNotConnectedError extends Fault {
  constructor(
    readonly provider: ProviderName,
    readonly fix: string,
    /** The name, or the kind, of the integration that is wanted. */
    readonly needs: string,
  ) {
    super('PROVIDER_NOT_CONNECTED', `Provider ${provider} is not connected here.`, { fields: { provider, needs } });
  }
}

/** A model, and whose it is. */
export interface OpenedModel {
  readonly model: LanguageModel;
  /** Left out: nobody's, it is scripted. */
  readonly connection?: Connection;
}

/** The providers that steps can use here, whatever their workspace has connected. */
export function connectedProviders(settings: ProviderSettings): ProviderName[] {
  return [
    'scripted',
    ...(settings.anthropic ? (['anthropic'] as const) : []),
    ...(settings.openaiCompatible ? (['openai-compatible'] as const) : []),
  ];
}

/** Under which provider its tokens are priced. Those of a machine of one's own are free on purpose, whatever the model is called. */
export function billedAs(
  { connection }: OpenedModel,
  { provider, model }: AgentWork,
): { provider: string; model: string } {
  return { provider: connection?.settings['local'] === 'yes' ? 'local' : provider, model };
}

/** What the operator has connected for every workspace. */
export function operatorsConnection(settings: ProviderSettings, kind: IntegrationKind): Connection | undefined {
  const found = kind === 'anthropic' ? settings.anthropic : settings.openaiCompatible;
  if (!found || (kind !== 'anthropic' && kind !== 'openai-compatible')) return undefined;
  const { baseUrl, apiKey } = found;
  return {
    ...{ name: undefined, kind },
    settings: baseUrl === undefined ? {} : { baseUrl },
    secrets: apiKey === undefined ? {} : { apiKey },
  };
}

/** The model that a step names, with the credential that opens it. Throws {@link ProviderNotConnectedError}. */
export async function openModel(work: AgentWork, credentials: Credentials): Promise<OpenedModel> {
  const { provider } = work;
  if (isCommandLineAgent(provider) || provider === 'cursor-cloud') {
    throw new TypeError(`${provider} has a loop of its own: it has no model here.`);
  }
  switch (provider) {
    case 'scripted':
      return { model: scriptedModel(work.model, work.script ?? []) };
    case 'anthropic':
    case 'openai-compatible': {
      const connection = await credentials.connection(provider, work.connection);
      if (!connection) throw new ProviderNotConnectedError(provider, fixOf(work), work.connection ?? provider);
      const model = provider === 'anthropic' ? anthropic(connection, work.model) : openAiCompatible(connection, work);
      return { model, connection };
    }
  }
}

function fixOf({ provider, connection }: AgentWork): string {
  const environment = provider === 'anthropic' ? 'ANTHROPIC_API_KEY' : 'OPENAI_COMPATIBLE_BASE_URL';
  if (connection !== undefined) return `Connect an integration ${connection} of kind ${provider}.`;
  return `Connect an integration of kind ${provider}, or let the operator set ${environment}.`;
}

function anthropic({ settings, secrets }: Connection, model: string): LanguageModel {
  const { baseUrl } = settings;
  const apiKey = secrets['apiKey'] ?? '';
  return createAnthropic({ apiKey, ...(baseUrl === undefined ? {} : { baseURL: versioned(baseUrl) }) })(model);
}

function openAiCompatible({ settings, secrets }: Connection, { model }: AgentWork): LanguageModel {
  const { apiKey } = secrets;
  const baseURL = settings['baseUrl'] ?? '';
  const base = { name: 'openai-compatible', baseURL, includeUsage: true };
  return createOpenAICompatible({ ...base, ...(apiKey === undefined ? {} : { apiKey }) })(model);
}

/** Anthropic's own clients take the address without the version, this one's library with it: both are understood. */
export function versioned(address: string): string {
  const plain = address.replace(/\/+$/, '');
  return plain.endsWith('/v1') ? plain : `${plain}/v1`;
}
