import { allowanceEvents, memberEvents, planEvents, tokenEvents, workspaceEvents } from '@runledger/contracts';
import type { MemberAdded, TokenIssued, WorkspaceCreated } from '@runledger/contracts';
import type { AllowanceEvent, MemberEvent, PlanEvent, TokenEvent, WorkspaceEvent } from '@runledger/contracts';
import { storableText, type EventOf } from '@runledger/kernel';
import { ERASED } from '@runledger/platform';
import { defineView } from '@runledger/projections';
import { together } from '../reads/composite-projection.js';
import { keyIn } from '../reads/row-key.js';

export type WorkspaceView = EventOf<readonly [typeof WorkspaceCreated]>['data'] & {
  /** The last day on which places of a capped plan were taken, and how many. */
  readonly dailyRuns?: { readonly day: string; readonly used: number };
};
export type MemberView = EventOf<readonly [typeof MemberAdded]>['data'];
export type TokenView = EventOf<readonly [typeof TokenIssued]>['data'] & { readonly revokedAt?: string };

const workspaces = defineView<WorkspaceView, WorkspaceEvent | PlanEvent | AllowanceEvent>({
  name: 'workspaces',
  version: 1,
  table: 'workspaces',
  types: [...workspaceEvents, ...planEvents, ...allowanceEvents].map(event => event.type),
  key: event => event.tenant,
  evolve: (view, event) => {
    switch (event.type) {
      case 'WorkspaceCreated':
        return event.data;
      case 'PlanSet':
        return view && { ...view, plan: event.data.plan };
      case 'DailyRunReserved':
        return view && { ...view, dailyRuns: { day: event.data.day, used: event.data.used } };
    }
  },
  columns: () => ({}),
});

/** Members are found by parts of their view, which the database cannot take apart where a text holds a NUL. */
function shownAs({ name, email, ...rest }: MemberView): MemberView {
  return { ...rest, name: storableText(name), ...(email !== undefined && { email: storableText(email) }) };
}

const members = defineView<MemberView, MemberEvent>({
  name: 'members',
  version: 1,
  table: 'members',
  types: memberEvents.map(event => event.type),
  key: event => keyIn(event.tenant, event.data.memberId),
  evolve: (view, event) => {
    switch (event.type) {
      case 'MemberAdded':
        return shownAs(event.data);
      case 'MemberErased': {
        const { email: _email, ...rest } = view ?? {};
        return view && { ...(rest as MemberView), name: ERASED };
      }
    }
  },
  columns: view => ({ workspace_id: view.workspaceId }),
});

const tokens = defineView<TokenView, TokenEvent>({
  name: 'tokens',
  version: 1,
  table: 'tokens',
  types: tokenEvents.map(event => event.type),
  key: event => event.data.tokenId,
  evolve: (view, event) => {
    // The workspace is where the event was stored: an id alone never leads into another one (G2).
    if (view && view.workspaceId !== event.tenant) return view;
    switch (event.type) {
      case 'TokenIssued':
        return { ...event.data, workspaceId: event.tenant };
      case 'TokenRevoked':
        return view && { ...view, revokedAt: event.data.revokedAt };
    }
  },
  columns: view => ({
    workspace_id: view.workspaceId,
    member_key: keyIn(view.workspaceId, view.memberId),
    issued_at: view.issuedAt,
  }),
});

/** Who may do what, and with which token. Run whole: a member or token is touched by commands of any correlation id. */
export const accessProjection = together('access', 2, [workspaces, members, tokens]);
