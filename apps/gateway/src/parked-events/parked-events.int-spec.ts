import { newUuid } from '@runledger/event-store';
import type { RecordedEvent } from '@runledger/event-store';
import { ReactorHost } from '@runledger/messaging';
import { eventually } from '@runledger/testing';
import { testGateway, type TestGateway } from '../gateway.fixture.js';
import { upToTheGate } from '../runs/run-story.fixture.js';

const LIST = `query ($runId: ID, $states: [ParkedEventState!], $first: Int, $after: String) {
  parkedEvents(runId: $runId, states: $states, first: $first, after: $after) {
    nodes { id reactor state eventType runId attempts error { code message } retryRequestedAt discarded { by reason } }
    pageInfo { hasNextPage endCursor }
  }
}`;
const RETRY = `mutation ($id: ID!) { retryParkedEvent(id: $id) {
  __typename ... on ParkedEvent { id state } ... on ParkedEventRefused { code } } }`;
const DISCARD = `mutation ($id: ID!, $reason: String!) { discardParkedEvent(id: $id, reason: $reason) {
  __typename ... on ParkedEvent { state discarded { by reason } } ... on ParkedEventRefused { code } } }`;

describe('parked events', () => {
  let gateway: TestGateway;
  let ada: string;
  let eve: string;
  const broken = new Set<string>();
  const dealtWith: string[] = [];

  beforeAll(async () => {
    gateway = await testGateway();
    ada = await gateway.tokenFor('ws_acme', 'mem_ada');
    eve = await gateway.tokenFor('ws_other', 'mem_eve');
    await gateway.app.get(ReactorHost, { strict: false }).start({
      name: 'spec.reactor',
      types: ['StepReady', 'GateReached'],
      react: (event: RecordedEvent) => {
        if (broken.has(event.metadata.correlationId)) return Promise.reject(new TypeError('the printer is on fire'));
        dealtWith.push(`${event.metadata.correlationId} ${event.type}`);
        return Promise.resolve();
      },
    });
  });
  afterAll(() => gateway.close());

  /** A run whose events this service cannot deal with, and its parked events. */
  async function brokenRun(workspaceId = 'ws_acme', token = ada) {
    const runId = `run_${newUuid()}`;
    broken.add(runId);
    await gateway.tell({ workspaceId, stream: `run-${runId.slice(4)}`, runId }, ...upToTheGate(runId));
    const parked = await eventually(async () => {
      const nodes = await listed(token, { runId });
      expect(nodes.length).toBeGreaterThan(1);
      return nodes;
    }, 60_000);
    return { runId, parked };
  }

  async function listed(token: string, variables: object) {
    const { data } = await gateway.graphql(token, LIST, variables);
    return data.parkedEvents.nodes as { id: string; state: string }[];
  }

  it('are listed with what failed, and with what waits behind it', async () => {
    const { runId, parked } = await brokenRun();
    const error = { code: 'TypeError', message: 'the printer is on fire' };
    expect(parked[0]).toMatchObject({ reactor: 'spec.reactor', state: 'PARKED', runId, attempts: 5, error });
    expect(parked[1]).toMatchObject({ state: 'WAITING', runId, attempts: 0, error: null });
    const health = await fetch(`${gateway.url}/health/ready`);
    expect(health.status).toBe(200);
    const { reactors } = (await health.json()) as { reactors: object[] };
    expect(reactors).toContainEqual(expect.objectContaining({ name: 'spec.reactor', parked: expect.any(Number) }));
  });

  it('are read page by page', async () => {
    const { runId, parked } = await brokenRun();
    const { data } = await gateway.graphql(ada, LIST, { runId, first: 1 });
    expect(data.parkedEvents.nodes).toEqual([expect.objectContaining({ id: parked[0]!.id })]);
    const { endCursor } = data.parkedEvents.pageInfo as { endCursor: string };
    expect(await listed(ada, { runId, first: 1, after: endCursor })).toMatchObject([{ id: parked[1]!.id }]);
  });

  it('are dealt with in their order when somebody asks for another try', async () => {
    const { runId, parked } = await brokenRun();
    broken.delete(runId);
    const { data } = await gateway.graphql(ada, RETRY, { id: parked[1]!.id });
    expect(data.retryParkedEvent).toEqual({ __typename: 'ParkedEvent', id: parked[1]!.id, state: 'WAITING' });
    await eventually(async () => expect(await listed(ada, { runId })).toEqual([]));
    const own = dealtWith.filter(line => line.startsWith(runId)).map(line => line.split(' ')[1]);
    expect(own).toEqual(
      upToTheGate(runId)
        .map(({ type }) => type)
        .filter(type => /StepReady|GateReached/.test(type)),
    );
  });

  it('are given up for a reason that stays, and what waits behind goes on', async () => {
    const { runId, parked } = await brokenRun();
    const [first, second] = parked;
    expect((await gateway.graphql(ada, DISCARD, { id: first!.id, reason: ' ' })).data.discardParkedEvent).toMatchObject(
      {
        code: 'REASON_MISSING',
      },
    );
    broken.delete(runId);
    const reason = 'it was printed by hand';
    const { data } = await gateway.graphql(ada, DISCARD, { id: first!.id, reason });
    expect(data.discardParkedEvent).toMatchObject({ state: 'DISCARDED', discarded: { by: 'mem_ada', reason } });
    await eventually(async () => expect(await listed(ada, { runId })).toEqual([]));
    expect(await listed(ada, { runId, states: ['DISCARDED'] })).toMatchObject([
      { id: first!.id, discarded: { reason } },
    ]);
    expect((await gateway.graphql(ada, RETRY, { id: first!.id })).data.retryParkedEvent).toMatchObject({
      code: 'PARKED_EVENT_DISCARDED',
    });
    expect((await gateway.graphql(ada, RETRY, { id: second!.id })).data.retryParkedEvent).toMatchObject({
      code: 'PARKED_EVENT_NOT_FOUND',
    });
  });

  it('of another workspace do not exist (G2)', async () => {
    const { runId, parked } = await brokenRun();
    const id = parked[0]!.id;
    expect(await listed(eve, { runId })).toEqual([]);
    const answers = [
      (await gateway.graphql(eve, RETRY, { id })).data.retryParkedEvent,
      (await gateway.graphql(eve, DISCARD, { id, reason: 'mine' })).data.discardParkedEvent,
      (await gateway.graphql(ada, RETRY, { id: 'made up' })).data.retryParkedEvent,
    ];
    expect(answers).toEqual(
      Array.from({ length: 3 }, (): unknown => expect.objectContaining({ code: 'PARKED_EVENT_NOT_FOUND' })),
    );
    expect((await listed(ada, { runId }))[0]).toMatchObject({ id, state: 'PARKED', retryRequestedAt: null });
  });

  it('are nobody’s but an administrator’s', async () => {
    const reader = await gateway.tokenFor('ws_acme', 'mem_bob', ['flows.read', 'flows.run', 'audit.read']);
    for (const query of [LIST, RETRY.replace('$id: ID!', '$id: ID! = "x"')]) {
      const { errors } = await gateway.graphql(reader, query);
      expect(errors?.[0]?.extensions.code).toBe('FORBIDDEN');
    }
  });
});
