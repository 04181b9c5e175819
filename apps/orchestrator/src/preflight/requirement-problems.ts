import type { StepDefinition } from '@runledger/contracts';
import { providersMissing, type Decline } from '../runs/start-request.js';

/** Whether agents of this workspace can use a provider now. */
export type ProviderConnected = (provider: string, workspaceId: string) => boolean;

/** What there is outside of flows and profiles. */
export interface Available {
  readonly provider: ProviderConnected;
}

interface Place {
  readonly tenant: string;
  readonly available: Available;
}

/** What the steps need and the workspace does not have. */
export function requirementProblems(steps: readonly StepDefinition[], place: Place): Decline[] {
  const missing = missingProviders(steps, place);
  return missing.length > 0 ? [providersMissing(missing)] : [];
}

export function missingProviders(steps: readonly StepDefinition[], { tenant, available }: Place): string[] {
  const providers = new Set(steps.flatMap(step => step.agent?.provider ?? []));
  return [...providers].filter(provider => provider !== 'scripted' && !available.provider(provider, tenant));
}
