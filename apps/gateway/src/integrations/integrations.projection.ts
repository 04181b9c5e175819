import { integrationEvents, type IntegrationConnected, type IntegrationEvent } from '@runledger/contracts';
import { defineView } from '@runledger/projections';
import { keyIn } from '../reads/row-key.js';

/** An integration as it was connected last; its secrets are nowhere but in the vault. */
export interface IntegrationView {
  readonly connected: ReturnType<typeof IntegrationConnected>['data'];
  /** Why it did not work the last time it was used. */
  readonly failure?: { readonly code: string; readonly message: string; readonly at: string };
}

/** What each workspace has connected. Run whole: each change is a correlation of its own. */
export const integrationsProjection = defineView<IntegrationView, IntegrationEvent>({
  name: 'integrations',
  version: 1,
  table: 'integrations',
  types: integrationEvents.map(event => event.type),
  key: event => keyIn(event.tenant, event.data.name),
  evolve: (view, event) => {
    switch (event.type) {
      case 'IntegrationConnected':
        return { connected: event.data };
      case 'IntegrationDisconnected':
        return undefined;
      case 'IntegrationFailed': {
        const { code, message, failedAt } = event.data;
        return view && { ...view, failure: { code, message, at: failedAt } };
      }
      case 'IntegrationRecovered':
        return view && { connected: view.connected };
    }
  },
  columns: (view, key) => ({ workspace_id: key.slice(0, key.indexOf('/')), name: view.connected.name }),
});
