import { isCommandLineAgent } from '@runledger/contracts';
import type { AgentWork } from '@runledger/contracts';
import { Fault } from '@runledger/kernel';
import type { LanguageModelV4 } from '@ai-sdk/provider';
import { HttpClient } from '../http/http-client.js';
import type { Connection, Credentials } from '../integrations/credentials.js';
import { versioned } from './operator-providers.js';
import type { ProviderName } from './operator-providers.js';
import { scriptedModel } from './scripted-model.js';

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
  readonly model: LanguageModelV4;
  /** Left out: nobody's, it is scripted. */
  readonly connection?: Connection;
}

/** Under which provider its tokens are priced. Those of a machine of one's own are free on purpose, whatever the model is called. */
export function billedAs(
  { connection }: OpenedModel,
  { provider, model }: AgentWork,
): { provider: string; model: string } {
  return { provider: connection?.settings['local'] === 'yes' ? 'local' : provider, model };
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
      const open = provider === 'anthropic' ? anthropic : openAiCompatible;
      return { model: await open(connection, work), connection };
    }
  }
}

function fixOf({ provider, connection }: AgentWork): string {
  const environment = provider === 'anthropic' ? 'ANTHROPIC_API_KEY' : 'OPENAI_COMPATIBLE_BASE_URL';
  if (connection !== undefined) return `Connect an integration ${connection} of kind ${provider}.`;
  return `Connect an integration of kind ${provider}, or let the operator set ${environment}.`;
}

/** Words of a model are few and wanted at once: nothing is gained by packing them. */
const fetch = new HttpClient({ packed: false }).asFetch();

/** Each loads what speaks to its vendor: a runner has one of them at most. */
async function anthropic({ settings, secrets }: Connection, { model }: AgentWork): Promise<LanguageModelV4> {
  const { anthropicModel } = await import('./anthropic-model.js');
  const { baseUrl } = settings;
  const apiKey = secrets['apiKey'] ?? '';
  return anthropicModel(model, { apiKey, fetch, ...(baseUrl !== undefined && { baseUrl: versioned(baseUrl) }) });
}

async function openAiCompatible({ settings, secrets }: Connection, { model }: AgentWork): Promise<LanguageModelV4> {
  const { createOpenAICompatible } = await import('@ai-sdk/openai-compatible');
  const { apiKey } = secrets;
  const baseURL = settings['baseUrl'] ?? '';
  const base = { name: 'openai-compatible', baseURL, includeUsage: true, fetch };
  return createOpenAICompatible({ ...base, ...(apiKey === undefined ? {} : { apiKey }) })(model);
}
