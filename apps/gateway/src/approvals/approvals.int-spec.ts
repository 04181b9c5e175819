import { AnswerQuestion, ApprovalDecided, ApprovalRequested, ApprovalVoted, GrantMade } from '@runledger/contracts';
import type { ApprovalKind } from '@runledger/contracts';
import { newUuid } from '@runledger/event-store';
import { streamOf } from '@runledger/kernel';
import { CommandRegistry } from '@runledger/platform';
import { collect, socketClient } from '../gateway-sockets.fixture.js';
import { testGateway, type TestGateway } from '../gateway.fixture.js';
import { at, story } from '../runs/run-story.fixture.js';

const INBOX = '{ inbox { nodes { id kind votes { by { id } } availableDecisions policy { approvers count } } } }';
const CHANGED = `subscription ($after: Position) { inboxChanged(after: $after) { __typename
  ... on InboxSnapshot { cursor hasMore requests { id } } ... on InboxChange { cursor request { id state } } } }`;

interface Inbox {
  readonly inbox: { readonly nodes: readonly { readonly id: string; readonly availableDecisions: string[] }[] };
}

interface Item {
  readonly __typename: string;
  readonly cursor: string;
  readonly requests?: readonly { readonly id: string }[];
  readonly request?: { readonly id: string; readonly state: string };
}

describe('the inbox', () => {
  let gateway: TestGateway;
  let [owner, grace, linus]: string[] = [];
  let [graceId, linusId]: string[] = [];

  const add = async (name: string, email: string) => {
    const { data } = await gateway.graphql(
      owner,
      `mutation ($input: MemberInput!) { addMember(input: $input) {
        ... on AddedMember { secret member { id email } } ... on MemberRefused { code } } }`,
      { input: { name, email, scopes: ['FLOWS_READ', 'FLOWS_RUN'] } },
    );
    expect(data.addMember.member.email).toBe(email);
    return [data.addMember.secret, data.addMember.member.id] as [string, string];
  };

  beforeAll(async () => {
    gateway = await testGateway();
    owner = await gateway.tokenFor('ws_acme', 'mem_owner');
    [grace, graceId] = await add('Grace', 'grace@acme.example');
    [linus, linusId] = await add('Linus', 'linus@acme.example');
  });
  afterAll(() => gateway.close());

  it('knows each address once: whoever is added again gets no second vote', async () => {
    const { data } = await gateway.graphql(
      owner,
      `mutation ($input: MemberInput!) { addMember(input: $input) { __typename ... on Refusal { code message fix } } }`,
      { input: { name: 'Grace again', email: 'GRACE@acme.example', scopes: ['FLOWS_READ'] } },
    );
    expect(data.addMember).toEqual({
      __typename: 'MemberRefused',
      code: 'MEMBER_EXISTS',
      message: `${graceId} has this e-mail address already.`,
      fix: expect.stringContaining('another address') as string,
    });
  });

  /** A request as the approval service would make it. */
  async function request(more: { approvers?: string[]; startedBy?: string; kind?: ApprovalKind; count?: number }) {
    const { approvers, startedBy, kind = 'gate', count = 1 } = more;
    const runId = `run_${newUuid()}`;
    await gateway.tell({ workspaceId: 'ws_acme', stream: streamOf('run', runId), runId }, story(runId).started());
    const requestId = `apr_${runId.slice(4)}.deploy.before.1`;
    const place = { requestId, runId, step: 'deploy' };
    const asked = ApprovalRequested({
      ...{ ...place, kind, message: 'Ship it?', shownHash: 'c'.repeat(64), calls: [], requestedAt: at(1) },
      shown: kind === 'question' ? { question: 'Ship it?' } : { flow: 'Release', stepName: 'Deploy', upstream: [] },
      decisions: kind === 'question' ? ['ANSWER'] : ['APPROVE', 'REJECT', 'SKIP'],
      policy: { count, excludeStarter: startedBy !== undefined, ...(approvers && { approvers }) },
      ...(startedBy && { startedBy }),
    });
    const tell = (event: Parameters<TestGateway['tell']>[1]) =>
      gateway.tell({ workspaceId: 'ws_acme', stream: streamOf('approval', requestId), runId }, event);
    await tell(asked);
    return { place, tell };
  }
  const waitingFor = async (token: string | undefined) => {
    const { data } = await gateway.graphql<Inbox>(token, INBOX);
    return data.inbox.nodes.map(({ id }) => id);
  };

  it('holds for each what that person may decide, and not what waits for others', async () => {
    const byMail = await request({ approvers: ['Grace@acme.example'] });
    const byId = await request({ approvers: [linusId ?? ''] });
    const notStarter = await request({ startedBy: graceId ?? '' });
    expect(await waitingFor(grace)).toEqual([byMail.place.requestId]);
    expect(await waitingFor(linus)).toEqual([byId.place.requestId, notStarter.place.requestId]);
    const all = await gateway.graphql<Inbox>(
      owner,
      '{ inbox(filter: { everyones: true }) { nodes { id availableDecisions } } }',
    );
    expect(all.data.inbox.nodes.map(node => node.availableDecisions)).toEqual([[], [], ['APPROVE', 'REJECT', 'SKIP']]);
  });

  it('holds a request no more for whoever has voted, and shows the vote to the others', async () => {
    const { place, tell } = await request({ count: 2, approvers: ['grace@acme.example', 'linus@acme.example'] });
    const by = { kind: 'member', id: graceId ?? '', via: 'token' } as const;
    await tell(ApprovalVoted({ ...place, decision: 'APPROVE', by, shownHash: 'c'.repeat(64), votedAt: at(2) }));
    expect(await waitingFor(grace)).not.toContain(place.requestId);
    expect(await waitingFor(linus)).toContain(place.requestId);
    const { data } = await gateway.graphql<Inbox>(linus, INBOX);
    expect(data.inbox.nodes.at(-1)).toMatchObject({ votes: [{ by: { id: graceId } }], policy: { count: 2 } });
  });

  it('is followed from a snapshot on, without a gap and without what is others’ (G1)', async () => {
    const client = socketClient(gateway.url, grace);
    const first = await collect<Item>(client, CHANGED, {}, items => items.length === 1);
    expect(first.errors).toEqual([]);
    const [snapshot] = first.items;
    expect(snapshot?.requests?.map(({ id }) => id)).toEqual(await waitingFor(grace));
    const mine = await request({ approvers: ['grace@acme.example'] });
    await request({ approvers: ['linus@acme.example'] });
    const by = { kind: 'member', id: graceId ?? '', via: 'token' } as const;
    const decided = { decision: 'REJECT', by, how: 'PEOPLE', kind: 'gate', calls: [], decidedAt: at(3) } as const;
    await mine.tell(ApprovalDecided({ ...mine.place, ...decided, calls: [], shownHash: 'c'.repeat(64) }));
    const rest = await collect<Item>(client, CHANGED, { after: snapshot?.cursor }, items => items.length === 2);
    expect(rest.items.map(({ request: changed }) => changed?.id)).toEqual([mine.place.requestId, mine.place.requestId]);
    expect(rest.items[1]?.request?.state).toBe('DECIDED');
    await client.dispose();
  });

  it('takes answers to questions as commands in the name of whoever answers', async () => {
    const { place } = await request({ kind: 'question' });
    const seen: unknown[] = [];
    gateway.app.get(CommandRegistry, { strict: false }).answer(AnswerQuestion, (input, { actor, correlationId }) => {
      seen.push(input, actor.id, correlationId);
      const output = {
        requestId: input.requestId,
        runId: place.runId,
        decision: 'ANSWER',
        votes: 1,
        needed: 1,
      } as const;
      return Promise.resolve({ status: 'accepted', output, position: undefined });
    });
    const { data } = await gateway.graphql(
      grace,
      `mutation ($id: ID!) { answerQuestion(requestId: $id, answer: "Blue.") { ... on ApprovalRequest { id kind } } }`,
      { id: place.requestId },
    );
    expect(data.answerQuestion).toEqual({ id: place.requestId, kind: 'QUESTION' });
    const input = { requestId: place.requestId, answer: 'Blue.', email: 'grace@acme.example' };
    expect(seen).toEqual([input, graceId, place.runId]);
  });

  it('shows the grants of the workspace that still count', async () => {
    const by = { kind: 'member', id: graceId ?? '', name: 'Grace' } as const;
    const grant = { scope: 'workspace', runId: 'run_1', requestId: 'apr_1', tool: 'bash', by, madeAt: at(1) } as const;
    const place = { workspaceId: 'ws_acme', stream: 'grants-acme' };
    await gateway.tell(place, GrantMade({ ...grant, grantId: 'gra_1', pattern: 'npm test*' }));
    await gateway.tell(place, GrantMade({ ...grant, grantId: 'gra_2', expiresAt: at(2) }));
    const asked = '{ grants { id tool pattern by { name } } all: grants(all: true) { id } }';
    const { data } = await gateway.graphql(linus, asked);
    expect(data.grants).toEqual([{ id: 'gra_1', tool: 'bash', pattern: 'npm test*', by: { name: 'Grace' } }]);
    expect(data.all).toHaveLength(2);
  });
});
