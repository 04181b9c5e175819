import { grantEvents, GrantMade, GrantRevoked } from '@runledger/contracts';
import type { Grant, GrantEvent } from '@runledger/contracts';
import { reject } from '@runledger/kernel';
import type { Decider, Rejection } from '@runledger/kernel';

export type GrantCommand =
  | { readonly type: 'MakeGrant'; readonly data: Grant }
  | { readonly type: 'RevokeGrant'; readonly data: ReturnType<typeof GrantRevoked>['data'] };

/** What a workspace grants, by id; a revoked grant is kept as `undefined`, so that revoking it again changes nothing. */
export type GrantsState = ReadonlyMap<string, Grant | undefined>;

export type GrantRefusal = Rejection<'GRANT_NOT_FOUND'>;

/** The grants of one workspace: calls of tools that need no asking. */
export const grants: Decider<GrantCommand, GrantsState, GrantEvent, GrantRefusal> = {
  category: 'grants',
  events: grantEvents,
  initialState: () => new Map(),
  evolve: (state, event) => {
    switch (event.type) {
      case 'GrantMade':
        return new Map(state).set(event.data.grantId, event.data);
      case 'GrantRevoked':
        return new Map(state).set(event.data.grantId, undefined);
    }
  },
  decide: (command, state) => {
    const { grantId } = command.data;
    switch (command.type) {
      case 'MakeGrant':
        return state.has(grantId) ? [] : [GrantMade(command.data)];
      case 'RevokeGrant':
        if (!state.has(grantId)) return unknownGrant(grantId);
        return state.get(grantId) === undefined ? [] : [GrantRevoked(command.data)];
    }
  },
};

function unknownGrant(grantId: string): GrantRefusal {
  return reject('GRANT_NOT_FOUND', `There is no grant ${grantId} in this workspace.`, {
    fix: 'Take the id from the list of grants.',
  });
}
