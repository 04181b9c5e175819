import { MemberAdded, MemberErased, memberEvents, type MemberEvent } from '@runledger/contracts';
import { reject, type Decider, type EventOf, type Rejection } from '@runledger/kernel';

export interface AddMember {
  readonly type: 'AddMember';
  readonly data: EventOf<readonly [typeof MemberAdded]>['data'];
}

export interface EraseMember {
  readonly type: 'EraseMember';
  readonly data: EventOf<readonly [typeof MemberErased]>['data'];
}

export type MemberState =
  | { readonly status: 'absent' }
  | { readonly status: 'active' }
  /** `by`: the id of the member who erased them. */
  | { readonly status: 'erased'; readonly by: string; readonly at: string };

export type MemberRefusal = Rejection<'MEMBER_NAME_MISSING' | 'MEMBER_NOT_FOUND'>;

/** A person or a service account in a workspace; adding one who is there, or erasing one who was erased, changes nothing. */
export const member: Decider<AddMember | EraseMember, MemberState, MemberEvent, MemberRefusal> = {
  category: 'member',
  events: memberEvents,
  initialState: () => ({ status: 'absent' }),
  evolve: (_state, event) => {
    switch (event.type) {
      case 'MemberAdded':
        return { status: 'active' };
      case 'MemberErased':
        return { status: 'erased', by: event.data.erasedBy, at: event.data.erasedAt };
    }
  },
  decide: (command, state) => {
    switch (command.type) {
      case 'AddMember':
        return state.status === 'absent' ? add(command.data) : [];
      case 'EraseMember':
        if (state.status === 'absent') return unknownMember();
        return state.status === 'erased' ? [] : [MemberErased(command.data)];
    }
  },
};

function unknownMember() {
  return reject('MEMBER_NOT_FOUND', 'There is no such member.', { fix: 'Take the id from whatever they did.' });
}

function add(data: AddMember['data']) {
  if (data.name.trim() !== '') return [MemberAdded(data)];
  return reject('MEMBER_NAME_MISSING', 'A member needs a name.', { fix: 'Give a name that others recognise.' });
}
