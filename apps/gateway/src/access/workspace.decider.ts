import { WorkspaceCreated, workspaceEvents, type WorkspaceEvent } from '@runledger/contracts';
import type { Decider, EventOf, Rejection } from '@runledger/kernel';

export interface CreateWorkspace {
  readonly type: 'CreateWorkspace';
  readonly data: EventOf<readonly [typeof WorkspaceCreated]>['data'];
}

export type WorkspaceState = { readonly status: 'absent' } | { readonly status: 'active' };

/** A tenant; setting up one that exists changes nothing. */
export const workspace: Decider<CreateWorkspace, WorkspaceState, WorkspaceEvent, Rejection<never>> = {
  category: 'workspace',
  events: workspaceEvents,
  initialState: () => ({ status: 'absent' }),
  evolve: () => ({ status: 'active' }),
  decide: (command, state) => (state.status === 'active' ? [] : [WorkspaceCreated(command.data)]),
};
