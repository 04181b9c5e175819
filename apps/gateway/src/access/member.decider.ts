import { MemberAdded, memberEvents, type MemberEvent, type Scope } from '@runledger/contracts';
import { reject, type Decider, type EventOf, type Rejection } from '@runledger/kernel';

export interface AddMember {
  readonly type: 'AddMember';
  readonly data: EventOf<readonly [typeof MemberAdded]>['data'];
}

export type MemberState =
  | { readonly status: 'absent' }
  | { readonly status: 'active'; readonly name: string; readonly scopes: readonly Scope[] };

export type MemberRefusal = Rejection<'MEMBER_NAME_MISSING'>;

/** A person or a service account in a workspace; adding one who is there changes nothing. */
export const member: Decider<AddMember, MemberState, MemberEvent, MemberRefusal> = {
  category: 'member',
  events: memberEvents,
  initialState: () => ({ status: 'absent' }),
  evolve: (_state, event) => ({ status: 'active', name: event.data.name, scopes: event.data.scopes }),
  decide: (command, state) => {
    if (state.status === 'active') return [];
    if (command.data.name.trim() === '') {
      return reject('MEMBER_NAME_MISSING', 'A member needs a name.', { fix: 'Give a name that others recognise.' });
    }
    return [MemberAdded(command.data)];
  },
};
