import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SandboxGround } from '../driver/sandbox.fixture.js';
import type { LocalSandbox } from '../driver/local-sandbox.js';
import type { EgressRequest } from './egress-request.js';
import type { Relay } from './key-relays.js';

describe('a relay of a sandbox', () => {
  const ground = new SandboxGround();
  const seen: IncomingMessage[] = [];
  const asked: EgressRequest[] = [];
  let server: Server;
  let port: number;
  let sandbox: LocalSandbox;
  let relay: Relay;

  beforeAll(async () => {
    server = createServer((request, response) => {
      seen.push(request);
      response.writeHead(200, { 'set-cookie': 'me=1' }).end(`model at ${request.url}`);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
    sandbox = await ground.open();
    const target = { baseUrl: `http://127.0.0.1:${port}/v1`, headers: { 'x-api-key': 'sk-real' } };
    relay = await sandbox.relay(target);
  });
  beforeEach(() => [seen, asked].forEach(list => list.splice(0)));
  afterAll(async () => {
    server.close();
    await ground.giveBack();
  });

  const curl = (options: string) =>
    ground.sh(sandbox, `curl -sS -i -m 10 ${options}`, { onEgress: request => void asked.push(request) });

  it('puts the credential in outside: what programs inside say of themselves is not passed on', async () => {
    const { stdout } = await curl(
      `-H 'x-api-key: mine' -H 'authorization: Bearer mine' -d hi ${relay.url}/messages?beta=1`,
    );
    expect(stdout).toMatch(/^HTTP\/1\.1 200[\s\S]*model at \/v1\/messages\?beta=1$/);
    expect(stdout).not.toMatch(/set-cookie|sk-real/i);
    expect(seen[0]!.headers).toMatchObject({
      'x-api-key': 'sk-real',
      host: `127.0.0.1:${port}`,
      'content-length': '2',
    });
    expect(seen[0]!.headers).not.toHaveProperty('authorization');
    expect(asked).toEqual([{ method: 'POST', host: '127.0.0.1', port }]);
  });

  it('HOSTILE: leads to its own address only, and there no further than its path', async () => {
    for (const path of ['/../admin', '/%2e%2e/admin', '/..%2f..%2fadmin/../../../admin']) {
      expect((await curl(`--path-as-is '${relay.url}${path}'`)).stdout).toMatch(/^HTTP\/1\.1 403/);
    }
    expect((await curl(`'${relay.url}@example.com/'`)).stdout).toMatch(/^HTTP\/1\.1 400/);
    expect((await curl(`http://127.0.0.1:3128/relay-0123/messages`)).stdout).toMatch(/^HTTP\/1\.1 400/);
    expect((await curl(`-x http://127.0.0.1:3128 --noproxy none.invalid http://127.0.0.1:${port}/v1`)).stdout).toMatch(
      /^HTTP\/1\.1 403/,
    );
    expect(seen).toEqual([]);
  });

  it('is no way out any more when it is closed', async () => {
    await relay.close();
    expect((await curl(`${relay.url}/messages`)).stdout).toBe('');
    expect(seen).toEqual([]);
  });
});
