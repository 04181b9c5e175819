import { MemberAdded, MemberErased, WorkspaceCreated } from '@runledger/contracts';
import { specify } from '@runledger/testing';
import { member } from './member.decider.js';
import { workspace } from './workspace.decider.js';

const SETUP = { kind: 'system', id: 'setup' } as const;
const added = MemberAdded({
  memberId: 'mem_ada',
  workspaceId: 'ws_acme',
  name: 'Ada',
  kind: 'person',
  scopes: ['flows.read'],
  addedBy: SETUP,
  addedAt: '2026-05-01T10:00:00.000Z',
});
const created = WorkspaceCreated({
  workspaceId: 'ws_acme',
  slug: 'acme',
  name: 'Acme',
  plan: 'team',
  createdBy: SETUP,
  createdAt: '2026-05-01T10:00:00.000Z',
});

describe('a workspace', () => {
  const given = specify(workspace);
  it('is set up once, however often it is asked for', () => {
    given().when({ type: 'CreateWorkspace', data: created.data }).thenEmits(created);
    given(created).when({ type: 'CreateWorkspace', data: created.data }).thenNothing();
  });
});

describe('a member', () => {
  const given = specify(member);
  it('joins once', () => {
    given().when({ type: 'AddMember', data: added.data }).thenEmits(added);
    given(added).when({ type: 'AddMember', data: added.data }).thenNothing();
  });
  it('is erased once, by somebody who is known, and only when there is such a member', () => {
    const erased = MemberErased({
      ...{ memberId: 'mem_ada', workspaceId: 'ws_acme', erasedBy: 'mem_bob' },
      erasedAt: '2026-05-02T10:00:00.000Z',
    });
    const erase = { type: 'EraseMember', data: erased.data } as const;
    given(added).when(erase).thenEmits(erased);
    given(added, erased).when(erase).thenNothing();
    given(added, erased).when({ type: 'AddMember', data: added.data }).thenNothing();
    given().when(erase).thenRejects('MEMBER_NOT_FOUND');
  });
  it('whose erasure is asked for again was erased when and by whom it was first', () => {
    const data = {
      memberId: 'mem_ada',
      workspaceId: 'ws_acme',
      erasedBy: 'mem_bob',
      erasedAt: '2026-05-02T10:00:00.000Z',
    };
    const state = [added, MemberErased(data)].reduce((now, event) => member.evolve(now, event), member.initialState());
    expect(state).toEqual({ status: 'erased', by: data.erasedBy, at: data.erasedAt });
  });
  it('has a name, and not only spaces for one', () => {
    for (const name of ['', ' ']) {
      given()
        .when({ type: 'AddMember', data: { ...added.data, name } })
        .thenRejects('MEMBER_NAME_MISSING');
    }
  });
});
