import { connect, type Socket } from 'node:net';
import { generateKeyPair, SignJWT, exportJWK } from 'jose';
import { AUDIENCE, testIssuer, type TestIssuer } from './edge/issuer.fixture.js';
import { testGateway, type TestGateway } from './gateway.fixture.js';

const VIEWER = '{ viewer { member { id } } }';
const CREATE = 'mutation { createToken(input: { name: "taken", scopes: [FLOWS_READ] }) { __typename } }';
const NOW = Date.parse('2026-05-01T12:00:00.000Z') / 1_000;

/** Beside what other specs send: every entry point with foreign ids (access), sockets (graph), limits (edge, hardening). */
describe('whoever attacks the API', () => {
  let gateway: TestGateway;
  let issuer: TestIssuer;
  let token: string;
  let made: number;

  beforeAll(async () => {
    issuer = await testIssuer(NOW);
    gateway = await testGateway({
      identityProvider: { issuer: issuer.url, audience: AUDIENCE },
      timeouts: { headersMs: 1_500, requestMs: 3_000, checkMs: 100 },
    });
    token = await gateway.tokenFor('ws_acme', 'mem_ada');
    made = await tokensMade();
  });
  afterAll(async () => {
    await gateway.close();
    await issuer.close();
  });
  /** Whatever was sent: nothing was done, and everybody else is answered. */
  afterEach(async () => {
    const answer = await gateway.graphql(token, VIEWER);
    expect([answer.status, answer.data.viewer.member.id]).toEqual([200, 'mem_ada']);
    const health = await fetch(`${gateway.url}/health/live`);
    expect([health.status, await tokensMade()]).toEqual([200, made]);
  });

  const tokensMade = async () => {
    const { events } = await gateway.store.readAll({ types: ['TokenIssued'], after: 0n, limit: 500 });
    return events.length;
  };

  const post = async (body: string, headers: Record<string, string> = {}, path = '/graphql') => {
    const response = await fetch(gateway.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, ...headers },
      body,
    });
    const text = await response.text();
    return { status: response.status, code: /"code":"(\w+)"/.exec(text)?.[1], text };
  };

  it.each<[string, () => Promise<string>]>([
    ['names a key that is a path', () => forged({ kid: '../../../../dev/null' })],
    ['names a key that is a query', () => forged({ kid: "k1' OR '1'='1" })],
    ['names no key', () => forged({})],
    ['brings its own key (jwk)', async () => forged({ kid: 'k1', jwk: await ownKey() })],
    ['says where its key is (jku)', () => forged({ kid: 'k1', jku: 'http://127.0.0.1:1/keys' })],
    ['brings its own certificate (x5c)', () => forged({ kid: 'k1', x5c: ['MIIB'] })],
    ['marks an extension as critical', () => forged({ kid: 'k1', crit: ['exp'] })],
    ['has a header that is no JSON', () => Promise.resolve('bm90.e30.x')],
    ['has three empty parts', () => Promise.resolve('..')],
    ['is in capitals', async () => (await issuer.token()).toUpperCase()],
    ['has a line break in it', () => Promise.resolve('rl_a\u00a0b')],
    ['is very long', () => Promise.resolve(`rl_${'a'.repeat(10_000)}`)],
  ])('with a token that %s is not let in', async (_what, tokenOf) => {
    const { status, errors, data } = await gateway.graphql(await tokenOf(), VIEWER);
    expect([status, errors?.[0]?.extensions.code, data ?? null]).toEqual([401, 'UNAUTHENTICATED', null]);
  });

  it.each<[string, string, string]>([
    ['directives', `{ viewer { member { id ${'@include(if: true) '.repeat(30)} } } }`, 'Directives limit'],
    ['fields of one name', `{ ${'viewer { scopes } '.repeat(1_000)} }`, '2000 tokens'],
    [
      'fragments that contain each other',
      '{ viewer { ...a } } fragment a on Viewer { ...b } fragment b on Viewer { ...a }',
      'itself',
    ],
    ['an endless list', `{ runs(filter: { status: [${'RUNNING '.repeat(3_000)}] }) { nodes { id } } }`, '2000 tokens'],
    [
      'a number of aliases',
      `{ ${Array.from({ length: 20 }, (_, n) => `a${n}: flows { nodes { id } }`).join(' ')} }`,
      'Aliases limit',
    ],
    ['lists in lists', `{ events(types: ${'['.repeat(500)}"x"${']'.repeat(500)}) { nodes { id } } }`, ''],
    ['several operations', 'query A { viewer { scopes } } query B { viewer { scopes } }', 'operation'],
    ['a subscription by HTTP', 'subscription { inboxChanged { __typename } }', ''],
  ])('with a document of %s is refused, with a code', async (_what, query, message) => {
    const { status, errors, data } = await gateway.graphql(token, query);
    expect([status, data ?? null]).toEqual([400, null]);
    expect(errors?.[0]?.message).toContain(message);
    expect(errors?.[0]?.extensions.code).toMatch(/^[A-Z_]+$/);
    expect(errors?.[0]?.extensions.code).not.toBe('INTERNAL_SERVER_ERROR');
  });

  it.each<[string, Record<string, string>, string]>([
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, `query=${encodeURIComponent(CREATE)}`],
    ['plain text', { 'content-type': 'text/plain' }, JSON.stringify({ query: CREATE })],
    ['no type', { 'content-type': '' }, JSON.stringify({ query: CREATE })],
    [
      'a form of several parts',
      { 'content-type': 'multipart/form-data; boundary=x' },
      `--x\r\ncontent-disposition: form-data; name="operations"\r\n\r\n${JSON.stringify({ query: CREATE })}\r\n--x--\r\n`,
    ],
    ['a batch', {}, JSON.stringify([{ query: CREATE }, { query: CREATE }])],
    ['half of JSON', {}, '{"query":'],
    ['JSON that is no object', {}, '"mutation"'],
    ['nothing', {}, ''],
    ['variables that are no object', {}, JSON.stringify({ query: CREATE, variables: 'x' })],
    ['a document that is no text', {}, JSON.stringify({ query: { kind: 'Document' } })],
    ['a document by id that is an object', {}, JSON.stringify({ documentId: { toString: 'x' } })],
    ['a prototype', {}, `{"__proto__":{"query":"x"},"constructor":{"prototype":{"isOnly":true}}}`],
  ])('with %s as a request changes nothing, and is told so', async (_what, headers, body) => {
    const { status, text } = await post(body, headers);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
    expect(text).not.toMatch(/node_modules|\.ts:|SELECT/);
  });

  it('with a mutation by GET is refused, whatever header it brings', async () => {
    for (const extra of [{}, { 'apollo-require-preflight': 'yes' }, { 'x-apollo-operation-name': 'x' }]) {
      const url = `${gateway.url}/graphql?query=${encodeURIComponent(CREATE)}`;
      const response = await fetch(url, { headers: { authorization: `Bearer ${token}`, ...extra } });
      await response.text();
      expect([400, 405]).toContain(response.status);
    }
  });

  it('with a page of another origin is let ask for nothing: no header permits it', async () => {
    const headers = { origin: 'https://evil.example.org', authorization: `Bearer ${token}` };
    const response = await fetch(`${gateway.url}/api/v1/events`, { headers });
    await response.text();
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
    const { status } = await post(JSON.stringify({ query: VIEWER }), {
      origin: 'https://evil.example.org',
      cookie: `token=${token}`,
      authorization: '',
    });
    expect(status).toBe(401);
  });

  it('with the paths of the REST edge gets an answer with a code, and no file', async () => {
    for (const path of [
      '/api/v1/artifacts/..%2f..%2fetc%2fpasswd',
      '/api/v1/artifacts/%00',
      `/api/v1/runs/${'x'.repeat(500)}/artifacts.zip`,
      '/api/v1/events?after=%27%20OR%201%3D1',
      '/api/v1/events?types=__proto__&types=x',
    ]) {
      const response = await fetch(gateway.url + path, { headers: { authorization: `Bearer ${token}` } });
      const text = await response.text();
      expect([path, response.status >= 400 && response.status < 500, /"code":"[A-Z_]+"/.test(text)]).toEqual([
        path,
        true,
        true,
      ]);
      expect(text).not.toContain('root:');
    }
    const { status } = await post('{"flow":"x","parameters":"x"}', {}, '/api/v1/trigger');
    expect([400, 422]).toContain(status);
  });

  it.each([
    ['headers that never end', 'POST /graphql HTTP/1.1\r\nhost: x\r\nx-a: '],
    [
      'a body that never ends',
      'POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9000\r\n\r\n{',
    ],
    [
      'a socket that never says which',
      'GET /graphql HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n',
    ],
  ])('with %s is hung up on, while others are answered', async (_what, begin) => {
    const slow = await Promise.all(Array.from({ length: 20 }, () => dripping(begin)));
    expect((await gateway.graphql(token, VIEWER)).status).toBe(200);
    for (const { ended } of slow) expect(await ended).toMatch(/^(HTTP\/1\.1 4\d\d|$)/);
  });

  /** Sends a byte now and then, for as long as it may; what it was told in the end. */
  async function dripping(begin: string): Promise<{ readonly ended: Promise<string> }> {
    const socket: Socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
    let text = '';
    socket.on('data', data => (text += String(data)));
    socket.on('error', () => undefined);
    const ended = new Promise<string>(resolve => void socket.once('close', () => resolve(text)));
    await new Promise<void>(resolve => void socket.once('connect', () => resolve()));
    socket.write(begin);
    const drip = setInterval(() => socket.write('a'), 50);
    socket.once('close', () => clearInterval(drip));
    return { ended };
  }

  async function forged(header: Record<string, unknown>): Promise<string> {
    const { privateKey } = await generateKeyPair('ES256');
    const claims = { email: 'ada@example.org', email_verified: true, sub: 'u1', iss: issuer.url, aud: AUDIENCE };
    const { crit, ...rest } = header;
    const signer = new SignJWT({ ...claims, exp: NOW + 300 }).setProtectedHeader({ alg: 'ES256', ...rest });
    const jwt = await signer.sign(privateKey);
    if (crit === undefined) return jwt;
    const marked = Buffer.from(JSON.stringify({ alg: 'ES256', ...header })).toString('base64url');
    return jwt.replace(/^[^.]+/, marked);
  }

  async function ownKey() {
    const { publicKey } = await generateKeyPair('ES256', { extractable: true });
    return exportJWK(publicKey);
  }
});
