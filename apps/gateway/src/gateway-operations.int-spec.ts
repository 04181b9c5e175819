import { newUuid } from '@runledger/event-store';
import { Readiness } from '@runledger/platform';
import { eventually } from '@runledger/testing';
import { socketClient } from './gateway-sockets.fixture.js';
import { testGateway, type TestGateway } from './gateway.fixture.js';
import { upToTheGate } from './runs/run-story.fixture.js';

const RUN = `run_${newUuid()}`;
const EVENTS = 'subscription ($run: ID!) { runEvents(runId: $run) { ... on RunEvent { cursor } } }';

describe('a gateway that operators watch', () => {
  let gateway: TestGateway;
  let token: string;
  beforeAll(async () => {
    gateway = await testGateway();
    token = await gateway.tokenFor('ws_acme', 'mem_ada');
    const place = { workspaceId: 'ws_acme', stream: `run-${RUN.slice(4)}`, runId: RUN };
    await gateway.tell(place, ...upToTheGate(RUN));
  });
  afterAll(() => gateway.close());

  const metrics = async () => (await fetch(`${gateway.url}/metrics`)).text();

  it('tells what it stored, and how far each read model is behind', async () => {
    const text = await metrics();
    expect(text).toMatch(/^runledger_appends_total\{outcome="appended"\} [1-9]/m);
    expect(text).toMatch(/^runledger_append_duration_seconds_count [1-9]/m);
    expect(text).toMatch(/^runledger_log_unsettled_positions 0$/m);
    expect(text).toMatch(/^runledger_log_oldest_open_append_seconds 0$/m);
    expect(text).toMatch(/^runledger_consumer_lag_positions\{kind="projection",consumer="runs"\} 0$/m);
    expect(text).toMatch(/^runledger_consumer_state\{kind="projection",consumer="runs",state="live"\} 1$/m);
    expect(text).not.toContain(RUN);
  });

  it('counts operations by type and outcome, and errors by code, without the names that clients choose', async () => {
    await gateway.graphql(token, 'query MyOwnName { viewer { member { id } } }');
    await gateway.graphql(undefined, '{ viewer { member { id } } }');
    await gateway.graphql(token, '{ nonsense }');
    const text = await metrics();
    expect(text).toMatch(/^runledger_graphql_operation_duration_seconds_count\{type="query",outcome="ok"\} [1-9]/m);
    expect(text).toMatch(/^runledger_graphql_errors_total\{code="UNAUTHENTICATED"\} 1$/m);
    expect(text).toMatch(/^runledger_graphql_errors_total\{code="GRAPHQL_VALIDATION_FAILED"\} 1$/m);
    expect(text).toMatch(
      /^runledger_http_request_duration_seconds_count\{method="POST",route="\/graphql",status="2xx"\} [1-9]/m,
    );
    expect(text).not.toContain('MyOwnName');
  });

  it('knows its open subscriptions', async () => {
    const client = socketClient(gateway.url, token);
    const events = client.iterate({ query: EVENTS, variables: { run: RUN } });
    await events.next();
    expect(await metrics()).toMatch(/^runledger_graphql_subscriptions_open 1$/m);
    await events.return?.();
    await client.dispose();
    await eventually(async () => {
      const text = await metrics();
      expect(text).toMatch(/^runledger_graphql_subscriptions_open 0$/m);
      expect(text).toMatch(/^runledger_graphql_sockets_open 0$/m);
    });
    expect(await metrics()).toMatch(
      /^runledger_graphql_operation_duration_seconds_count\{type="subscription",outcome="ok"\} 1$/m,
    );
  });

  it('shows its numbers to nobody who comes from elsewhere', async () => {
    const answer = await fetch(`${gateway.url}/metrics`, { headers: { 'x-forwarded-for': '203.0.113.9' } });
    expect([answer.status, await answer.text()]).toEqual([404, expect.not.stringContaining('runledger_')]);
  });

  it('sends requests elsewhere before it stops', async () => {
    gateway.app.get(Readiness, { strict: false }).end();
    const ready = await fetch(`${gateway.url}/health/ready`);
    expect([ready.status, await ready.json()]).toEqual([
      503,
      expect.objectContaining({
        checks: expect.objectContaining({ process: { ok: false, message: expect.any(String) } }),
      }),
    ]);
  });
});
