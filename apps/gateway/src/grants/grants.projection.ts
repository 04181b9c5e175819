import { grantEvents, type Grant, type GrantEvent, type GrantRevoked } from '@runledger/contracts';
import { defineView } from '@runledger/projections';
import { keyIn } from '../reads/row-key.js';

export interface GrantView extends Grant {
  readonly workspaceId: string;
  readonly revoked?: Omit<ReturnType<typeof GrantRevoked>['data'], 'grantId'>;
  /** Where it was made: grants are listed in this order. */
  readonly position: string;
}

/** What people have allowed beyond one call. Run whole: a grant is revoked outside of the run that it was made in. */
export const grantsProjection = defineView<GrantView, GrantEvent>({
  name: 'grants',
  version: 1,
  table: 'grants',
  types: grantEvents.map(event => event.type),
  key: event => keyIn(event.tenant, event.data.grantId),
  evolve: (view, event) => {
    switch (event.type) {
      case 'GrantMade':
        return view ?? { ...event.data, workspaceId: event.tenant, position: event.position.toString() };
      case 'GrantRevoked': {
        const { by, revokedAt } = event.data;
        return view && { ...view, revoked: { by, revokedAt } };
      }
    }
  },
  columns: view => ({
    workspace_id: view.workspaceId,
    state: view.revoked ? 'REVOKED' : 'MADE',
    made_at: view.position,
  }),
});
