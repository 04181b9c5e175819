import type { AgentWork, IntegrationKind } from '@runledger/contracts';
import type { Connection } from '../integrations/credentials.js';

export type ProviderName = AgentWork['provider'];

/** The operator's own connections, for every workspace. Keys stay in this process: never in events, logs or a sandbox (S1). */
export interface ProviderSettings {
  readonly anthropic?: { readonly apiKey: string; readonly baseUrl?: string };
  readonly openaiCompatible?: { readonly baseUrl: string; readonly apiKey?: string };
}

/** The providers that steps can use here, whatever their workspace has connected. */
export function connectedProviders(settings: ProviderSettings): ProviderName[] {
  return [
    'scripted',
    ...(settings.anthropic ? (['anthropic'] as const) : []),
    ...(settings.openaiCompatible ? (['openai-compatible'] as const) : []),
  ];
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

/** Anthropic's own clients take the address without the version, this one's library with it: both are understood. */
export function versioned(address: string): string {
  const plain = address.replace(/\/+$/, '');
  return plain.endsWith('/v1') ? plain : `${plain}/v1`;
}
