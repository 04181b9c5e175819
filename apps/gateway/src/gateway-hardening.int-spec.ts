import { randomBytes } from 'node:crypto';
import { MemberAdded } from '@runledger/contracts';
import { streamOf } from '@runledger/kernel';
import { Controller, Get, Module } from '@nestjs/common';
import { connect } from 'node:net';
import type { DataSource } from 'typeorm';
import { MAX_BODY_BYTES } from './gateway.config.js';
import { testGateway, type TestGateway } from './gateway.fixture.js';
import { READ_MODEL_SOURCE } from './reads/read-model-source.js';

@Controller('forgotten')
class ForgottenRoutes {
  @Get()
  secrets() {
    return { secret: 'everything' };
  }
}

@Module({ controllers: [ForgottenRoutes] })
class ForgetfulModule {}

const VIEWER = '{ viewer { member { id } } }';

describe('a gateway among strangers', () => {
  let gateway: TestGateway;
  let token: string;
  beforeAll(async () => {
    gateway = await testGateway({ introspection: false, modules: [ForgetfulModule] });
    token = await gateway.tokenFor('ws_acme', 'mem_ada');
  });
  afterAll(() => gateway.close());

  it('lets in nobody whose token is missing, misspelt, made up, someone else’s, expired or revoked', async () => {
    const [, id] = token.split('_');
    const expired = await gateway.tokenFor('ws_acme', 'mem_ada', ['flows.read'], '2026-05-01T12:00:01.000Z');
    const revoked = await gateway.tokenFor('ws_acme', 'mem_ada');
    const tokenId = `tok_${revoked.split('_')[1]}`;
    await gateway.graphql(token, `mutation { revokeToken(id: "${tokenId}") { __typename } }`);
    gateway.clock.advance(2_000);
    const other = await gateway.tokenFor('ws_acme', 'mem_bob');
    const bad = [
      undefined,
      'x',
      `rl_${id}_`,
      `rl_${id}_${randomBytes(32).toString('base64url')}`,
      `rl_${'0'.repeat(20)}_${randomBytes(32).toString('base64url')}`,
      `rl_${id}_${other.slice(24)}`,
      `${token}x`,
      token.toUpperCase(),
      expired,
      revoked,
    ];
    for (const presented of bad) {
      const answer = await gateway.graphql(presented, VIEWER);
      expect([answer.status, answer.errors?.[0]?.extensions.code]).toEqual([401, 'UNAUTHENTICATED']);
      expect(answer.data ?? null).toBeNull();
    }
    expect((await gateway.graphql(token, VIEWER)).status).toBe(200);
  });

  it('denies an entry point that forgot to declare its scope, whoever asks', async () => {
    for (const headers of [{}, { authorization: `Bearer ${token}` }]) {
      const response = await fetch(`${gateway.url}/forgotten`, { headers });
      expect([response.status, await response.json()]).toEqual([
        403,
        { error: expect.objectContaining({ code: 'FORBIDDEN' }) },
      ]);
    }
  });

  it('refuses operations that are too deep, too wide, too often or too long, with status 400', async () => {
    const deep = `{ flows { nodes ${'{ latestVersion { flow '.repeat(10)} { id } ${'} }'.repeat(10)} } }`;
    const costly =
      '{ runs(first: 200) { nodes { timeline { attempts { id } artifacts { id } } flow { versions { flow { versions { id source } } } } } } }';
    const byVariable =
      'query ($n: Int) { runs(first: $n) { nodes { flow { versions(first: $n) { flow { versions(first: $n) { id } } } } } } }';
    const laughs = Array.from(
      { length: 60 },
      (_, n) => `fragment f${n} on Viewer { ...f${n + 1} ... { ...f${n + 1} } }`,
    );
    const laughing = `{ viewer { ...f0 } } ${laughs.join(' ')} fragment f60 on Viewer { tokens { id } }`;
    const aliases = `{ ${Array.from({ length: 30 }, (_, index) => `a${index}: inbox { nodes { id } }`).join(' ')} }`;
    const long = `{ ${'viewer { scopes } '.repeat(700)} }`;
    const unknown = '{ viewer { member { secret } } }';
    const introspection = '{ __schema { types { name } } }';
    for (const [query, message] of [
      [deep, 'depth limit'],
      [costly, 'Cost limit'],
      [byVariable, 'Cost limit'],
      [laughing, 'Cost limit'],
      [aliases, 'Aliases limit'],
      [long, '2000 tokens'],
      [unknown, 'Cannot query field "secret"'],
      [introspection, 'introspection'],
      ['{ viewer { ', 'Syntax Error'],
    ] as const) {
      const { status, errors } = await gateway.graphql(token, query);
      expect([status, errors?.[0]?.message]).toEqual([400, expect.stringContaining(message)]);
    }
    const { status, errors } = await gateway.graphql(token, 'query ($n: Int) { runs(first: $n) { nodes { id } } }', {
      n: 201,
    });
    expect([status, errors?.[0]?.extensions.code]).toEqual([400, 'BAD_USER_INPUT']);
  });

  it('refuses bodies that are too big, batches, and queries by GET', async () => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
    const big = await fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ query: VIEWER, variables: { x: 'x'.repeat(MAX_BODY_BYTES) } }),
    });
    expect([big.status, await big.json()]).toMatchObject([413, { error: { code: 'PAYLOAD_TOO_LARGE' } }]);
    const batch = await fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers,
      body: JSON.stringify([{ query: VIEWER }, { query: VIEWER }]),
    });
    expect(batch.status).toBe(400);
    const form = await fetch(`${gateway.url}/graphql?query=${encodeURIComponent(VIEWER)}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(form.status).toBe(400);
    await Promise.all([batch.text(), form.text()]);
  });

  it('says in one form what is wrong with a request that no route takes, and what to do', async () => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
    const post = (body: string, type = headers['content-type']) => ({
      ...{ method: 'POST', body },
      headers: { ...headers, 'content-type': type },
    });
    const none = `run_${'0'.repeat(20)}`;
    for (const [path, request, status, code] of [
      ['/graphql', post('{"query": '), 400, 'BAD_REQUEST'],
      ['/api/v1/flows/ship/runs', post('{"parameters": {]'), 400, 'BAD_REQUEST'],
      ['/api/v1/flows/ship/runs', post('{"__proto__": {"x": 1}}'), 400, 'BAD_REQUEST'],
      ['/graphql', post('query=1', 'text/x-nothing'), 415, 'UNSUPPORTED_MEDIA_TYPE'],
      ['/api/v1/nothing', { headers }, 404, 'NOT_FOUND'],
      ['/%zz', { headers }, 400, 'BAD_REQUEST'],
      ['/nothing-either?x=<script>', {}, 404, 'NOT_FOUND'],
      ['/console/nothing.js', {}, 404, 'NOT_FOUND'],
      ['/explorer/nothing.js', {}, 404, 'NOT_FOUND'],
      ['/api/v1/artifacts/art_nothing', { headers }, 404, 'NOT_FOUND'],
      [`/api/v1/runs/${none}/artifacts.zip`, { headers }, 404, 'NOT_FOUND'],
    ] as const) {
      const answer = await fetch(gateway.url + path, request);
      const body: unknown = await answer.json();
      const text: unknown = expect.stringMatching(/^[^<]{10,}\.$/);
      expect([path, answer.status, body]).toEqual([path, status, { error: { code, message: text, fix: text } }]);
    }
  });

  it('answers those who may not see its figures as if there were none', async () => {
    const headers = { 'x-forwarded-for': '10.0.0.1' };
    const [hidden, absent] = await Promise.all(
      ['metrics', 'nothing'].map(async path => {
        const answer = await fetch(`${gateway.url}/${path}`, { headers });
        return [answer.status, await answer.json()];
      }),
    );
    expect(hidden).toEqual(absent);
  });

  it('has no answer kept on its way: it is for this caller, and for now', async () => {
    const response = await fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query: VIEWER }),
    });
    expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store']);
    await response.text();
  });

  it('says what is wrong with a text that no database takes, wherever it stands', async () => {
    const literal = '{ flow(slug: "a\\u0000b") { id } }';
    const byVariable = 'query ($slug: String) { flow(slug: $slug) { id } }';
    for (const answer of [
      await gateway.graphql(token, literal),
      await gateway.graphql(token, byVariable, { slug: 'a\u0000b' }),
    ]) {
      expect(answer.errors?.[0]).toMatchObject({ extensions: { code: 'BAD_USER_INPUT', fix: expect.any(String) } });
    }
  });

  it('takes no name that it could not show, and goes on where one is in the log already', async () => {
    const add = `mutation ($name: String!) {
      addMember(input: { name: $name, kind: SERVICE, scopes: [FLOWS_READ] }) { __typename }
    }`;
    const create = 'mutation ($name: String!) { createToken(input: { name: $name, scopes: [] }) { __typename } }';
    for (const name of ['a\u0000b', 'a\ud83d', 'a'.repeat(300)]) {
      for (const mutation of [add, create]) {
        const answer = await gateway.graphql(token, mutation, { name });
        expect(answer.status).toBe(400);
        expect(answer.errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', fix: expect.any(String) });
      }
    }
    const eve = { memberId: 'mem_eve', workspaceId: 'ws_acme', name: 'e\u0000', kind: 'person', scopes: [] } as const;
    await gateway.tell(
      { workspaceId: 'ws_acme', stream: streamOf('member', 'mem_eve') },
      MemberAdded({ ...eve, scopes: [], addedBy: { kind: 'system', id: 'spec' }, addedAt: gateway.clock.now() }),
    );
    expect((await gateway.graphql(token, add, { name: 'Frank' })).data).toEqual({
      addMember: { __typename: 'AddedMember' },
    });
  });

  it('never shows a stack, a path or a query of its database', async () => {
    const rows = gateway.app.get<DataSource>(READ_MODEL_SOURCE, { strict: false });
    await rows.query('ALTER TABLE flows RENAME TO mislaid');
    const broken = await gateway.graphql(token, '{ flow(slug: "a") { id } }');
    await rows.query('ALTER TABLE mislaid RENAME TO flows');
    expect(broken.errors?.[0]).toMatchObject({ extensions: { code: 'INTERNAL_SERVER_ERROR' } });
    const missing = await fetch(`${gateway.url}/api/v1/nothing`, { headers: { authorization: `Bearer ${token}` } });
    for (const text of [broken.text, await missing.text()]) {
      expect(text).not.toMatch(/node_modules|\.ts|\bat \w|SELECT|stack/);
    }
    expect(missing.status).toBe(404);
  });

  it('serves its pages from itself alone: no script from elsewhere, no frame, no inline script', async () => {
    for (const [path, type] of [
      ['/', 'text/html'],
      ['/explorer', 'text/html'],
      ['/catalogue', 'text/html'],
      ['/catalogue/catalogue.js', 'text/javascript'],
      ['/catalogue/events.json', 'application/json'],
      ['/console/console.js', 'text/javascript'],
      ['/explorer/graphiql.js', 'text/javascript'],
      ['/explorer/react.js', 'text/javascript'],
      ['/favicon.ico', 'image/svg+xml'],
    ] as const) {
      const response = await fetch(gateway.url + path);
      const text = await response.text();
      expect([path, response.status, response.headers.get('content-type')]).toEqual([
        path,
        200,
        expect.stringContaining(type),
      ]);
      const policy = response.headers.get('content-security-policy');
      expect(policy).toContain("default-src 'none'; script-src 'self';");
      expect(policy).toContain("frame-ancestors 'none'");
      if (type === 'text/html') expect(text).not.toMatch(/(src|href)="(https?:)?\/\/|<script>/);
    }
    for (const path of [
      '/console/..%2fconsole-routes.ts',
      '/console/console.html',
      '/explorer/package.json',
      '/catalogue/catalogue.html',
    ]) {
      const response = await fetch(gateway.url + path);
      await response.text();
      expect(response.status).toBe(404);
    }
  });

  it('hangs up on sockets that ask for another path', async () => {
    const { port } = new URL(gateway.url);
    const answer = await new Promise<string>((resolve, reject) => {
      let text = '';
      const socket = connect(Number(port), '127.0.0.1', () => {
        socket.write('GET /elsewhere HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
      });
      socket.on('data', data => (text += String(data)));
      socket.on('close', () => resolve(text));
      socket.on('error', reject);
    });
    expect(answer).toContain('404 Not Found');
  });
});
