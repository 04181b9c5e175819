import { createHmac } from 'node:crypto';
import { StartRun, type InputOf } from '@runledger/contracts';
import type { CommandContext } from '@runledger/event-store';
import { reject } from '@runledger/kernel';
import { CommandRegistry } from '@runledger/platform';
import type { DataSource } from 'typeorm';
import { MAX_BODY_BYTES } from '../gateway.config.js';
import { testGateway, type TestGateway } from '../gateway.fixture.js';
import { READ_MODEL_SOURCE } from '../reads/read-model-source.js';
import { published } from '../runs/run-story.fixture.js';
import { signingKey } from './webhook-secret.js';

const CREATE = `mutation ($input: WebhookInput!) { createWebhook(input: $input) { __typename
  ... on CreatedWebhook { secret webhook { id path flow actions mapping createdBy { id } } }
  ... on WebhookRefused { code message fix details { path message } } } }`;
const PULL_REQUEST = {
  action: 'opened',
  repository: { full_name: 'acme/shop' },
  pull_request: {
    ...{ number: 7, title: 'Faster carts', html_url: 'https://github.test/acme/shop/pull/7', user: { login: 'grace' } },
    ...{ head: { ref: 'carts', sha: 'f00d' }, base: { ref: 'main' } },
  },
};

type Started = InputOf<typeof StartRun>;

describe('webhooks', () => {
  let gateway: TestGateway;
  let ada: string;
  const started: { readonly input: Started; readonly context: CommandContext }[] = [];

  beforeAll(async () => {
    gateway = await testGateway({ webhooks: { keptDays: 30, perMinute: 10 } });
    ada = await gateway.tokenFor('ws_acme', 'mem_ada');
    await gateway.tell({ workspaceId: 'ws_acme', stream: 'flow-release' }, published());
    // What the orchestrator would answer, at the border between it and the gateway.
    gateway.app.get(CommandRegistry).answer(StartRun, (input, context) => {
      const before = started.find(one => one.input.idempotencyKey === input.idempotencyKey);
      if (!before) started.push({ input, context });
      if (input.parameters['target'] === 'nowhere') {
        const refusal = reject('INVALID_PARAMETER', 'nowhere is no target', { fix: 'Name another.' });
        return Promise.resolve({ status: 'refused', refusal });
      }
      const output = { runId: `run_${input.idempotencyKey}`, created: !before };
      return Promise.resolve({ status: 'accepted', output, position: undefined });
    });
  });
  beforeEach(() => started.splice(0));
  afterAll(() => gateway.close());

  interface Made {
    readonly id: string;
    readonly path: string;
    readonly secret: string;
  }

  async function made(input: object): Promise<Made> {
    const answer = await gateway.graphql(ada, CREATE, { input: { flow: 'release', ...input } });
    expect(answer.data.createWebhook).toMatchObject({ __typename: 'CreatedWebhook' });
    const { secret, webhook } = answer.data.createWebhook as { readonly secret: string; readonly webhook: Made };
    return { ...webhook, secret };
  }

  async function post(path: string, body: string, headers: Record<string, string>) {
    const all = { 'content-type': 'application/json', ...headers };
    const response = await fetch(`${gateway.url}${path}`, { method: 'POST', headers: all, body });
    const retryAfter = response.headers.get('retry-after');
    return { status: response.status, body: (await response.json()) as Record<string, unknown>, retryAfter };
  }

  const nowSeconds = () => String(Math.floor(gateway.clock.nowMs() / 1_000));

  function sendSigned({ path, secret }: Made, payload: unknown, more: { id?: string; at?: string } = {}) {
    const { id = 'msg_1', at = nowSeconds() } = more;
    const body = JSON.stringify(payload);
    const mac = createHmac('sha256', signingKey(secret)).update(`${id}.${at}.${body}`).digest('base64');
    return post(path, body, { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': `v1,${mac}` });
  }

  function sendGithub({ path, secret }: Made, payload: unknown, more: { delivery?: string; event?: string } = {}) {
    const body = JSON.stringify(payload);
    const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
    const { delivery = 'd-1', event = 'pull_request' } = more;
    return post(path, body, {
      ...{ 'x-github-event': event, 'x-github-delivery': delivery, 'x-hub-signature-256': signature },
    });
  }

  it('start a run on behalf of whoever made them, with parameters out of the message', async () => {
    const mapping = { target: '/build/env~1name', count: '/list/1' };
    const hook = await made({ kind: 'GENERIC', parameters: { fixed: true }, mapping, execution: 'BACKGROUND' });
    const payload = { build: { 'env/name': 'staging' }, list: [1, 2], ü: '✓' };
    const first = await sendSigned(hook, payload);
    expect(first).toMatchObject({ status: 202, body: { created: true, runId: expect.stringMatching(/^run_/) } });
    expect(started).toMatchObject([
      {
        input: {
          flow: 'release',
          parameters: { fixed: true, target: 'staging', count: 2 },
          choices: { execution: 'BACKGROUND' },
          trigger: { kind: 'webhook', ref: hook.id },
        },
        context: { workspaceId: 'ws_acme', actor: { kind: 'member', id: 'mem_ada', via: 'webhook' } },
      },
    ]);
    expect(await sendSigned(hook, payload)).toMatchObject({ status: 200, body: { ...first.body, created: false } });
    expect(await sendSigned(hook, payload, { id: 'msg_2' })).toMatchObject({ status: 202 });
    expect(started).toHaveLength(2);
  });

  it('start a run for what happens to a pull request, which is the subject of the run', async () => {
    const hook = await made({ kind: 'GITHUB', mapping: { commit: '/pull_request/head/sha' } });
    const first = await sendGithub(hook, PULL_REQUEST);
    expect(first).toMatchObject({ status: 202, body: { created: true } });
    expect(started[0]?.input).toMatchObject({
      parameters: { commit: 'f00d' },
      trigger: { kind: 'pull_request', ref: hook.id },
      subject: {
        kind: 'pull_request',
        id: 'acme/shop#7',
        url: 'https://github.test/acme/shop/pull/7',
        context: { title: 'Faster carts', author: 'grace', branch: 'carts', sha: 'f00d', base: 'main' },
      },
    });
    // Sent again by GitHub, and by somebody who overheard it and gives it another number.
    for (const delivery of ['d-1', 'd-2']) {
      expect(await sendGithub(hook, PULL_REQUEST, { delivery })).toMatchObject({
        status: 200,
        body: first.body && { runId: first.body['runId'], created: false },
      });
    }
    expect(started).toHaveLength(1);
  });

  it('start nothing for what they were not made for, and say so', async () => {
    const hook = await made({ kind: 'GITHUB', actions: ['labeled'] });
    expect(await sendGithub(hook, PULL_REQUEST)).toMatchObject({
      status: 202,
      body: { ignored: 'A pull request opened starts nothing here.' },
    });
    expect(await sendGithub(hook, { zen: 'Keep it logically awesome.' }, { event: 'ping' })).toMatchObject({
      status: 202,
      body: { ignored: 'ping starts nothing; pull_request does.' },
    });
    expect(await sendGithub(hook, { ...PULL_REQUEST, action: 'labeled' })).toMatchObject({
      status: 202,
      body: { created: true },
    });
    expect(started).toHaveLength(1);
  });

  it('refuse what is not signed, or not now, and start nothing', async () => {
    const hook = await made({ kind: 'GENERIC' });
    const other = await made({ kind: 'GENERIC' });
    const unsigned = await post(hook.path, '{}', {});
    expect(unsigned).toMatchObject({
      status: 401,
      body: { error: { code: 'BAD_SIGNATURE', fix: expect.any(String) } },
    });
    expect(await sendSigned({ ...hook, secret: other.secret }, {})).toEqual(unsigned);
    expect(await sendSigned({ ...hook, path: '/api/v1/hooks/hook_00000000000000000000' }, {})).toEqual(unsigned);
    const late = String(Number(nowSeconds()) - 301);
    expect(await sendSigned(hook, {}, { at: late })).toMatchObject({
      status: 401,
      body: { error: { code: 'STALE_TIMESTAMP' } },
    });
    const nameless = await sendGithub(await made({ kind: 'GITHUB' }), PULL_REQUEST, { delivery: '' });
    expect(nameless).toMatchObject({ status: 400, body: { error: { code: 'MISSING_DELIVERY_ID' } } });
    const huge = await sendSigned(hook, { text: 'x'.repeat(MAX_BODY_BYTES) });
    expect(huge).toMatchObject({ status: 413, body: { error: { code: 'PAYLOAD_TOO_LARGE' } } });
    expect(started).toEqual([]);
  });

  it('tell why a start was declined', async () => {
    const hook = await made({ kind: 'GENERIC', mapping: { target: '/target' } });
    expect(await sendSigned(hook, { target: 'nowhere' })).toMatchObject({
      status: 422,
      body: { error: { code: 'INVALID_PARAMETER', fix: 'Name another.' } },
    });
  });

  it('are refused when they could never work', async () => {
    const input = { kind: 'GENERIC', flow: 'release', mapping: { commit: 'head.sha' } };
    const answer = await gateway.graphql(ada, CREATE, { input });
    expect(answer.data.createWebhook).toMatchObject({ code: 'INVALID_MAPPING', details: [{ path: 'mapping.commit' }] });
    const unknown = await gateway.graphql(ada, CREATE, { input: { kind: 'GENERIC', flow: 'nothing' } });
    expect(unknown.data.createWebhook).toMatchObject({ code: 'FLOW_NOT_FOUND' });
  });

  it('are worth nothing once they are deleted, and are seen by those who may manage flows', async () => {
    const hook = await made({ kind: 'GENERIC' });
    const list = 'query { webhooks { id path createdBy { id } } }';
    expect((await gateway.graphql(ada, list)).data.webhooks).toContainEqual(expect.objectContaining({ id: hook.id }));
    const runner = await gateway.tokenFor('ws_acme', 'mem_ada', ['flows.read', 'flows.run']);
    expect((await gateway.graphql(runner, list)).errors?.[0]?.extensions.code).toBe('FORBIDDEN');
    const foreign = await gateway.tokenFor('ws_other', 'mem_eve');
    expect((await gateway.graphql(foreign, list)).data.webhooks).toEqual([]);
    const remove = 'mutation ($id: ID!) { deleteWebhook(id: $id) { __typename ... on Refusal { code } } }';
    const refused = await gateway.graphql(foreign, remove, { id: hook.id });
    expect(refused.data.deleteWebhook).toMatchObject({ code: 'WEBHOOK_NOT_FOUND' });
    const gone = await gateway.graphql(ada, remove, { id: hook.id });
    expect(gone.data.deleteWebhook).toEqual({ __typename: 'DeletedWebhook' });
    expect(await sendSigned(hook, {})).toMatchObject({ status: 401 });
  });

  it('get a new secret beside the one before, which is good until the overlap is over', async () => {
    const hook = await made({ kind: 'GENERIC' });
    const rotate = `mutation ($id: ID!, $overlap: Int) { rotateWebhookSecret(id: $id, overlapMinutes: $overlap) { __typename
      ... on RotatedWebhookSecret { secret webhook { id secretRotatedAt previousSecretUntil } } ... on Refusal { code } } }`;
    const rotated = async (overlap: number, token = ada) => {
      type Data = { readonly rotateWebhookSecret: { readonly secret?: string } };
      return (await gateway.graphql<Data>(token, rotate, { id: hook.id, overlap })).data.rotateWebhookSecret;
    };
    const first = await rotated(60);
    expect(first).toMatchObject({
      __typename: 'RotatedWebhookSecret',
      webhook: {
        secretRotatedAt: gateway.clock.now(),
        previousSecretUntil: new Date(gateway.clock.nowMs() + 3_600_000).toISOString(),
      },
    });
    const fresh = { ...hook, secret: String(first.secret) };
    expect((await sendSigned(hook, {}, { id: 'old' })).status).toBe(202);
    expect((await sendSigned(fresh, {}, { id: 'new' })).status).toBe(202);
    gateway.clock.advance(3_600_000);
    expect((await sendSigned(hook, {}, { id: 'late' })).status).toBe(401);
    expect((await sendSigned(fresh, {}, { id: 'on time' })).status).toBe(202);
    // Leaked: gone at once.
    const last = await rotated(0);
    expect((await sendSigned(fresh, {}, { id: 'leaked' })).status).toBe(401);
    expect((await sendSigned({ ...hook, secret: String(last.secret) }, {}, { id: 'safe' })).status).toBe(202);
    const foreign = await gateway.tokenFor('ws_other', 'mem_eve');
    expect(await rotated(0, foreign)).toEqual({ __typename: 'WebhookRefused', code: 'WEBHOOK_NOT_FOUND' });
    expect(await rotated(10_081)).toEqual({ __typename: 'WebhookRefused', code: 'INVALID_OVERLAP' });
  });

  it('take so many messages in a minute, and say when there is room again; what is not signed does not count', async () => {
    const hook = await made({ kind: 'GENERIC' });
    for (let n = 0; n < 12; n += 1) await sendSigned({ ...hook, secret: 'whsec_AAAA' }, {}, { id: `forged ${n}` });
    const burst = await Promise.all(Array.from({ length: 12 }, (_, n) => sendSigned(hook, {}, { id: `msg ${n}` })));
    expect(burst.map(({ status }) => status).sort()).toEqual([...Array<number>(10).fill(202), 429, 429]);
    expect(started).toHaveLength(10);
    expect(await sendSigned(hook, {}, { id: 'one more' })).toMatchObject({
      ...{ status: 429, retryAfter: '6' },
      body: { error: { code: 'TOO_MANY_MESSAGES', fix: expect.any(String) } },
    });
    expect((await sendSigned(await made({ kind: 'GENERIC' }), {})).status).toBe(202);
    gateway.clock.advance(6_000);
    expect((await sendSigned(hook, {}, { id: 'one more' })).status).toBe(202);
    expect((await sendSigned(hook, {}, { id: 'and another' })).status).toBe(429);
    gateway.clock.advance(60_000);
    const later = await Promise.all(Array.from({ length: 10 }, (_, n) => sendSigned(hook, {}, { id: `later ${n}` })));
    expect(later.every(({ status }) => status === 202)).toBe(true);
  });

  it('know a message of GitHub again for as long as messages are kept, and forget it then', async () => {
    const hook = await made({ kind: 'GITHUB' });
    const day = 86_400_000;
    const kept = async () => {
      const query = 'SELECT 1 FROM webhook_messages WHERE webhook_id = $1';
      return (await gateway.app.get<DataSource>(READ_MODEL_SOURCE).query<object[]>(query, [hook.id])).length;
    };
    await sendGithub(hook, PULL_REQUEST);
    gateway.clock.advance(30 * day - 1);
    expect(await sendGithub(hook, PULL_REQUEST, { delivery: 'd-2' })).toMatchObject({ status: 200 });
    gateway.clock.advance(2);
    expect(await sendGithub(hook, { ...PULL_REQUEST, action: 'reopened' }, { delivery: 'd-3' })).toMatchObject({
      status: 202,
    });
    expect(await kept()).toBe(1);
  });

  it('keep their secret out of the log and, in the open, out of the database', async () => {
    const hook = await made({ kind: 'GENERIC' });
    await sendSigned(hook, {});
    const { events } = await gateway.store.readAll({ after: 0n, limit: 1_000 });
    const raw = signingKey(hook.secret);
    expect(JSON.stringify(events.map(({ data, metadata }) => [data, metadata]))).not.toContain(
      hook.secret.slice('whsec_'.length),
    );
    const rows = await gateway.app
      .get<DataSource>(READ_MODEL_SOURCE)
      .query<{ sealed: Buffer }[]>('SELECT sealed FROM webhook_secrets WHERE webhook_id = $1', [hook.id]);
    expect(rows).toHaveLength(1);
    for (const secret of [Buffer.from(hook.secret), raw]) expect(rows[0]?.sealed.includes(secret)).toBe(false);
  });
});
