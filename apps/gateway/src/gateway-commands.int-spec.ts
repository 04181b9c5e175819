import { newUuid } from '@runledger/event-store';
import { streamOf } from '@runledger/kernel';
import { AnsweringServices } from './answering-services.fixture.js';
import { testGateway, type TestGateway } from './gateway.fixture.js';
import { published, story, upToTheGate } from './runs/run-story.fixture.js';

const START = `mutation ($input: StartRunInput!) { startRun(input: $input) {
  __typename ... on Run { id number status parameters startedBy { id name } } ... on Refusal { code message fix details { path message } } } }`;
const CANCEL =
  'mutation ($id: ID!) { cancelRun(runId: $id) { __typename ... on Run { status } ... on Refusal { code message fix } } }';
const DECIDE = `mutation ($input: DecisionInput!) { decide(input: $input) { __typename
  ... on ApprovalRequest { state decision { decision comment by { name } } run { id } }
  ... on DecisionRefused { code message request { state decision { decision } } } } }`;

describe('commands', () => {
  let gateway: TestGateway;
  let ada: string;
  let bob: string;

  beforeAll(async () => {
    gateway = await testGateway();
    ada = await gateway.tokenFor('ws_acme', 'mem_ada');
    bob = await gateway.tokenFor('ws_acme', 'mem_bob', ['flows.read', 'flows.run']);
    await gateway.tell({ workspaceId: 'ws_acme', stream: 'flow-release' }, published());
  });
  afterAll(() => gateway.close());

  it('are answered with a typed error while the service that owns them is not there yet, a start with a decline', async () => {
    const { status, errors } = await gateway.graphql(ada, DECIDE, {
      input: { requestId: 'apr_1', decision: 'APPROVE' },
    });
    expect([status, errors?.[0]?.extensions.code]).toEqual([503, 'PLATFORM_STARTING']);
    const start = 'mutation { startRun(input: { flow: "release" }) { ... on RunDeclined { code retryable fix } } }';
    const declined = { code: 'PLATFORM_STARTING', retryable: true, fix: 'Try again in a few seconds.' };
    expect((await gateway.graphql(ada, start)).data).toEqual({ startRun: declined });
  });

  describe('with the services at work', () => {
    let services: AnsweringServices;
    beforeAll(() => {
      services = new AnsweringServices(gateway);
    });

    it('start a run in the caller’s name and answer with the run itself', async () => {
      const { data } = await gateway.graphql(bob, START, {
        input: { flow: 'release', parameters: { target: 'staging' } },
      });
      expect(data.startRun).toMatchObject({
        __typename: 'Run',
        number: 1,
        status: 'PENDING',
        startedBy: { id: 'mem_bob' },
      });
      expect(services.contexts.at(-1)).toMatchObject({
        workspaceId: 'ws_acme',
        actor: { kind: 'member', id: 'mem_bob', name: 'bob', via: 'token' },
      });
    });

    it('answer a refused start with what would make it succeed', async () => {
      const { data } = await gateway.graphql(ada, START, { input: { flow: 'nope' } });
      expect(data.startRun).toEqual({
        __typename: 'RunDeclined',
        code: 'FLOW_NOT_FOUND',
        message: 'There is no flow nope.',
        fix: 'Publish it.',
        details: [{ path: 'flow', message: 'No such flow.' }],
      });
      const unfit = await gateway.graphql(ada, START, { input: { flow: 'release', parameters: [1] } });
      expect(unfit.errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
    });

    it('start nothing twice when a program sends the same key again', async () => {
      const send = async (token: string, body: object) => {
        const headers = {
          'content-type': 'application/json',
          'idempotency-key': 'k1',
          authorization: `Bearer ${token}`,
        };
        const response = await fetch(`${gateway.url}/api/v1/trigger`, {
          method: 'POST',
          headers,
          body: JSON.stringify(body),
        });
        return { status: response.status, body: (await response.json()) as { runId: string; error: object } };
      };
      const first = await send(ada, { flow: 'release', parameters: { target: 'x' } });
      const second = await send(ada, { flow: 'release', parameters: { target: 'x' } });
      expect([first.status, second.status, second.body.runId]).toEqual([202, 200, first.body.runId]);
      expect(await send(ada, { flow: 'nope' })).toMatchObject({
        status: 422,
        body: { error: { code: 'FLOW_NOT_FOUND', details: [{ path: 'flow' }] } },
      });
      // The run's choices are taken flat, or in an object as GraphQL shows them.
      await send(ada, { flow: 'release', choices: { profile: 'local', execution: 'BACKGROUND' } });
      expect(services.choices.at(-1)).toEqual({ profile: 'local', execution: 'BACKGROUND' });
      await send(ada, { flow: 'release', checkpointMode: 'EVERY_STEP', choices: { profile: 'local' } });
      expect(services.choices.at(-1)).toEqual({ profile: 'local', checkpointMode: 'EVERY_STEP' });
      expect(await send(ada, { flow: 'release', nonsense: 1 })).toMatchObject({
        status: 400,
        body: { error: { code: 'BAD_USER_INPUT' } },
      });
      const reader = await gateway.tokenFor('ws_acme', 'mem_ada', ['flows.read']);
      expect(await send(reader, { flow: 'release' })).toMatchObject({
        status: 403,
        body: { error: { code: 'FORBIDDEN' } },
      });
      expect(await send(ada, { flow: 'x'.repeat(201) })).toMatchObject({
        status: 400,
        body: { error: { code: 'BAD_USER_INPUT' } },
      });
      expect(await send('rl_nobody', { flow: 'release' })).toMatchObject({ status: 401 });
    });

    it('cancel own runs; those of others only with flows.cancel.any', async () => {
      const own = await gateway.graphql(bob, START, { input: { flow: 'release' } });
      const others = await gateway.graphql(ada, START, { input: { flow: 'release' } });
      const refused = await gateway.graphql(bob, CANCEL, { id: others.data.startRun.id });
      expect(refused.data.cancelRun).toMatchObject({
        __typename: 'RunRefused',
        code: 'FORBIDDEN',
        fix: expect.stringContaining('flows.cancel.any'),
      });
      const cancelled = await gateway.graphql(bob, CANCEL, { id: own.data.startRun.id });
      expect(cancelled.data.cancelRun).toEqual({ __typename: 'Run', status: 'CANCELLED' });
      expect(services.contexts.at(-1)?.correlationId).toBe(own.data.startRun.id);
      const byAda = await gateway.graphql(ada, START, { input: { flow: 'release' } });
      const any = await gateway.graphql(ada, CANCEL, { id: byAda.data.startRun.id });
      expect(any.data.cancelRun.status).toBe('CANCELLED');
    });

    it('decide at a gate in the story of its run, and show the decision that stands when refused', async () => {
      const runId = `run_${newUuid()}`;
      await gateway.tell({ workspaceId: 'ws_acme', stream: streamOf('run', runId), runId }, ...upToTheGate(runId));
      const { requestId } = story(runId);
      const stale = await gateway.graphql(bob, DECIDE, {
        input: { requestId, decision: 'APPROVE', shownHash: 'stale' },
      });
      expect(stale.data.decide).toMatchObject({
        __typename: 'DecisionRefused',
        code: 'SHOWN_CHANGED',
        request: { state: 'OPEN', decision: null },
      });
      const decided = await gateway.graphql(bob, DECIDE, { input: { requestId, decision: 'APPROVE', comment: 'Go.' } });
      expect(decided.data.decide).toEqual({
        __typename: 'ApprovalRequest',
        state: 'DECIDED',
        decision: { decision: 'APPROVE', comment: 'Go.', by: { name: 'Ada' } },
        run: { id: runId },
      });
      expect(services.contexts.at(-1)?.correlationId).toBe(runId);
    });
  });
});
