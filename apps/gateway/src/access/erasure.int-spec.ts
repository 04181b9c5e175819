import { eventually } from '@runledger/testing';
import type { DataSource } from 'typeorm';
import { testGateway } from '../gateway.fixture.js';
import type { TestGateway } from '../gateway.fixture.js';
import { READ_MODEL_SOURCE } from '../reads/read-model-source.js';

const ADD = `mutation ($name: String!, $email: String!) { addMember(input: { name: $name, email: $email, scopes: [FLOWS_READ] }) {
  ... on AddedMember { member { id } secret } } }`;
const ERASE = `mutation ($id: ID!, $confirm: ID!) { eraseMember(id: $id, confirm: $confirm) {
  __typename ... on Erasure { memberId erasedBy erasedAt } ... on ErasureRefused { code } } }`;

describe('a member who is erased by an administrator', () => {
  let gateway: TestGateway;
  let admin: string;
  beforeAll(async () => {
    gateway = await testGateway({ sealed: true });
    admin = await gateway.tokenFor('ws_acme', 'mem_ada');
  });
  afterAll(() => gateway.close());

  const erase = async (token: string, id: string, confirm = id) =>
    (await gateway.graphql<{ eraseMember: Record<string, string> }>(token, ERASE, { id, confirm })).data?.eraseMember;
  /** Everything that read models hold, as text. */
  const rows = async () => {
    const source = gateway.app.get<DataSource>(READ_MODEL_SOURCE);
    const found = await source.query<{ row: string }[]>('SELECT t::text AS row FROM members t');
    return found.map(({ row }) => row).join();
  };

  it('is nowhere to be read any more, who asked for it stays, and nobody else loses a name', async () => {
    const added = await gateway.graphql<{ addMember: { member: { id: string }; secret: string } }>(admin, ADD, {
      name: 'Grace Hopper',
      email: 'grace@example.com',
    });
    const { member, secret } = added.data.addMember;
    expect(await rows()).toMatch(/Grace Hopper/);
    expect(await erase(admin, member.id, 'mem_other')).toEqual({ __typename: 'ErasureRefused', code: 'NOT_CONFIRMED' });
    expect(await erase(admin, 'mem_nobody')).toEqual({ __typename: 'ErasureRefused', code: 'MEMBER_NOT_FOUND' });
    const denied = await gateway.graphql(secret, ERASE, { id: 'mem_ada', confirm: 'mem_ada' });
    expect(denied.errors?.[0]?.extensions.code).toBe('FORBIDDEN');

    const first = await erase(admin, member.id);
    expect(first).toMatchObject({ __typename: 'Erasure', memberId: member.id, erasedBy: 'mem_ada' });
    expect(await erase(admin, member.id)).toEqual(first);
    // Rows that were made with the key are made anew without it.
    await eventually(async () => expect(await rows()).toContain('[erased]'), 60_000);
    expect(await rows()).not.toMatch(/Grace|grace@/);
    expect(await rows()).toContain('mem_ada');
    const { events } = await gateway.store.readAll({ after: 0n, types: ['MemberErased'] });
    expect(events.map(({ data }) => data)).toMatchObject([{ memberId: member.id, erasedBy: 'mem_ada' }]);
  });
});
