import { createClient } from 'graphql-ws';
import { generateKeyPair } from 'jose';
import WebSocket from 'ws';
import { testGateway, type TestGateway } from '../gateway.fixture.js';
import { AUDIENCE, testIssuer, type TestIssuer } from './issuer.fixture.js';

const VIEWER = '{ viewer { member { name email } scopes } }';
const NOW = Date.parse('2026-05-01T12:00:00.000Z') / 1_000;

describe('people who sign in with an identity provider', () => {
  let issuer: TestIssuer;
  let gateway: TestGateway;
  beforeAll(async () => {
    issuer = await testIssuer(NOW);
    gateway = await testGateway({ identityProvider: { issuer: issuer.url, audience: AUDIENCE } });
    const ada = await gateway.tokenFor('ws_acme', 'mem_ada');
    const add = `mutation ($input: MemberInput!) { addMember(input: $input) { __typename } }`;
    const input = { name: 'Grace', email: 'grace@example.org', scopes: ['FLOWS_READ'] };
    await gateway.graphql(ada, add, { input });
  });
  afterAll(async () => {
    await gateway.close();
    await issuer.close();
  });

  it('are the member with their e-mail address, and may do what that one may', async () => {
    const { data } = await gateway.graphql(await issuer.token(), VIEWER);
    expect(data.viewer).toEqual({ member: { name: 'Grace', email: 'grace@example.org' }, scopes: ['FLOWS_READ'] });
  });

  it('are heard on sockets as well', async () => {
    const client = createClient({
      url: `${gateway.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${await issuer.token()}` },
    });
    const answers = client.iterate<{ viewer: { member: { name: string } } }>({ query: VIEWER });
    const { value } = (await answers.next()) as { value: { data: unknown } };
    expect(value.data).toMatchObject({ viewer: { member: { name: 'Grace' } } });
    await client.dispose();
  });

  it.each<[string, () => Promise<string> | string]>([
    ['expired', () => issuer.token({ exp: NOW - 60 })],
    ['without an end', () => issuer.token({ exp: undefined })],
    ['for somebody else', () => issuer.token({ aud: 'another-service' })],
    ['of another issuer', () => issuer.token({ iss: 'https://elsewhere.example.org' })],
    ['signed by another key', async () => issuer.token({}, (await generateKeyPair('ES256')).privateKey)],
    ['not signed at all', () => issuer.unsigned()],
    ['signed with a shared secret', () => issuer.underSharedSecret()],
    ['with an address that nobody has verified', () => issuer.token({ email_verified: false })],
    ['of no member', () => issuer.token({ email: 'eve@example.org' })],
    [
      'changed',
      async () => (await issuer.token()).replace(/\.[\w-]+\./, `.${btoa('{"sub":"root"}').replace(/=/g, '')}.`),
    ],
  ])('are turned away when the token is %s', async (_what, tokenOf) => {
    const { status, errors, data } = await gateway.graphql(await tokenOf(), VIEWER);
    expect([status, errors?.[0]?.extensions.code, data ?? null]).toEqual([401, 'UNAUTHENTICATED', null]);
  });
});

describe('a gateway with limits', () => {
  let gateway: TestGateway;
  let ada: string;
  beforeAll(async () => {
    gateway = await testGateway({ requestsPerMinute: 5, corsOrigins: ['https://app.example.org'] });
    ada = await gateway.tokenFor('ws_acme', 'mem_ada');
  });
  afterAll(() => gateway.close());

  it('answers each caller so many requests a minute, says when to come back, and lets others go on', async () => {
    const answers = [];
    for (let n = 0; n < 7; n += 1) answers.push(await gateway.graphql(ada, VIEWER));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 429, 429]);
    expect(answers.at(-1)?.errors).toEqual([
      {
        message: expect.any(String) as string,
        extensions: { code: 'RATE_LIMITED', fix: expect.stringMatching(/^Wait \d+ s/) as string },
      },
    ]);
    const rest = await fetch(`${gateway.url}/api/v1/trigger`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ada}` },
    });
    expect(rest.status).toBe(429);
    expect(Number(rest.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await rest.json()).toMatchObject({ error: { code: 'RATE_LIMITED' } });
    const bob = await gateway.tokenFor('ws_acme', 'mem_bob');
    expect((await gateway.graphql(bob, VIEWER)).status).toBe(200);
  });

  it('counts what is asked on sockets', async () => {
    const token = await gateway.tokenFor('ws_acme', 'mem_carl');
    const client = createClient({
      url: `${gateway.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${token}` },
      retryAttempts: 0,
      lazy: false,
      onNonLazyError: () => undefined,
    });
    const asked = async (): Promise<unknown> => {
      try {
        await client.iterate({ query: VIEWER }).next();
        return 'answered';
      } catch (errors) {
        return errors;
      }
    };
    const answers = [];
    for (let n = 0; n < 5; n += 1) answers.push(await asked());
    // Opening the connection was the first of five.
    expect(answers.slice(0, 4)).toEqual(Array.from({ length: 4 }, () => 'answered'));
    expect(answers[4]).toMatchObject([{ extensions: { code: 'RATE_LIMITED' } }]);
    await client.dispose();
  });

  it('stops listening to an address that keeps guessing, but not to those who were let in before', async () => {
    const known = await gateway.tokenFor('ws_acme', 'mem_dora');
    expect((await gateway.graphql(known, VIEWER)).status).toBe(200);
    const guess = (n: number) => gateway.graphql(`rl_${'0'.repeat(20)}_${String(n).padStart(43, 'x')}`, VIEWER);
    const statuses = [];
    for (let n = 0; n < 310; n += 1) statuses.push((await guess(n)).status);
    expect([statuses[0], statuses.at(-1)]).toEqual([401, 429]);
    const open = await fetch(`${gateway.url}/health/live`, { headers: { authorization: 'Bearer rl_any' } });
    expect([open.status, (await gateway.graphql('rl_any', VIEWER)).status]).toEqual([200, 429]);
    expect((await gateway.graphql(known, VIEWER)).status).toBe(200);
  });

  it('lets pages of the named origins ask, and no others', async () => {
    const asked = async (origin: string) => {
      const headers = { origin, 'access-control-request-method': 'POST' };
      const answer = await fetch(`${gateway.url}/graphql`, { method: 'OPTIONS', headers });
      return answer.headers.get('access-control-allow-origin');
    };
    expect(await asked('https://app.example.org')).toBe('https://app.example.org');
    expect(await asked('https://evil.example.org')).toBeNull();
  });

  it('answers probes however often they come', async () => {
    const statuses = await Promise.all(
      Array.from({ length: 20 }, async () => (await fetch(`${gateway.url}/health/live`)).status),
    );
    expect(new Set(statuses)).toEqual(new Set([200]));
  });
});
