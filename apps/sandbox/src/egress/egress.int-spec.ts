import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SandboxGround, testProfile } from '../driver/sandbox.fixture.js';
import type { LocalSandbox } from '../driver/local-sandbox.js';
import type { EgressRequest } from './egress-request.js';

describe('the network of a sandbox with listed hosts', () => {
  const ground = new SandboxGround({ privateNetworks: ['127.0.0.0/8', '::1/128'] });
  const seen: IncomingMessage[] = [];
  let server: Server;
  let port: number;
  let sandbox: LocalSandbox;

  function serve(request: IncomingMessage, response: ServerResponse): void {
    seen.push(request);
    if (request.url === '/away') return void response.writeHead(302, { location: `http://127.0.0.1:${port}/` }).end();
    if (request.url === '/metadata') return void response.writeHead(302, { location: 'http://169.254.169.254/' }).end();
    response.end(`hello ${request.method} ${request.headers.host}`);
  }

  beforeAll(async () => {
    server = createServer(serve).listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
    const hosts = [`localhost:${port}`, '169.254.169.254', 'unknown.invalid'];
    sandbox = await ground.open(testProfile({ network: { mode: 'allowlist', hosts } }));
  });
  beforeEach(() => seen.splice(0));
  afterAll(async () => {
    server.close();
    await ground.giveBack();
  });

  const asked: EgressRequest[] = [];
  const sh = async (script: string) => {
    asked.splice(0);
    return ground.sh(sandbox, script, { onEgress: request => void asked.push(request) });
  };
  const curl = (options: string) => sh(`curl -sS -m 10 -o - -w ' %{http_code}' ${options}`);

  it('reaches a listed host through the proxy that programs are told of, and says so', async () => {
    const got = await curl(`http://localhost:${port}/x --noproxy none.invalid`);
    expect(got.stdout).toBe(`hello GET localhost:${port} 200`);
    expect(asked).toEqual([{ method: 'GET', host: 'localhost', port }]);
    expect(seen[0]?.headers).not.toHaveProperty('proxy-connection');
  });

  it('tunnels what is encrypted', async () => {
    const got = await curl(`--noproxy none.invalid --proxytunnel http://localhost:${port}/`);
    expect(got.stdout).toContain('hello GET');
    expect(asked).toEqual([{ method: 'CONNECT', host: 'localhost', port }]);
  });

  it('refuses every other host, and says why', async () => {
    const got = await curl('http://example.com/');
    expect(got.stdout).toBe('example.com is refused: it is not on the list of the sandbox profile.\n 403');
    await curl('https://example.com/');
    const refused = 'it is not on the list of the sandbox profile';
    expect(asked).toEqual([{ method: 'CONNECT', host: 'example.com', port: 443, refused }]);
  });

  it('HOSTILE: a metadata address is refused even when it is listed', async () => {
    expect((await curl('http://169.254.169.254/latest/meta-data/')).stdout).toMatch(/metadata or link-local.* 403$/s);
  });

  it('HOSTILE: a redirect of a listed host to loopback or to a metadata address is not followed', async () => {
    const away = await curl(`-L --noproxy none.invalid http://localhost:${port}/away`);
    expect(away.stdout).toMatch(/127\.0\.0\.1 is refused: it is not on the list.* 403$/s);
    expect((await curl(`-L --noproxy none.invalid http://localhost:${port}/metadata`)).stdout).toMatch(/ 403$/);
    expect(seen.map(({ url }) => url)).toEqual(['/away', '/metadata']);
  });

  it('HOSTILE: there is no name service, and nothing to smuggle out through it', async () => {
    const looked = await sh(`getent hosts example.com; echo "$?"; node -e "
      require('dns').promises.resolve4('secret.example.com').then(() => console.log('resolved'), e => console.log(e.code))"`);
    expect(looked.stdout).toMatch(/^2\n(ECONNREFUSED|ETIMEOUT|ESERVFAIL)\n$/);
  });

  it('HOSTILE: a direct connection leads nowhere, and the loopback inside is not the one of the machine', async () => {
    const direct = `(exec 3<>/dev/tcp/127.0.0.1/${port}) 2>&1; (exec 3<>/dev/tcp/93.184.216.34/80) 2>&1; grep -c : /proc/net/dev`;
    const { stdout } = await sh(direct);
    expect(stdout).toMatch(/Connection refused[\s\S]*Network is unreachable[\s\S]*\n1\n$/);
    expect(seen).toEqual([]);
  });

  it('HOSTILE: strange ways to write an address are no way around the list', async () => {
    for (const host of ['2130706433', '0x7f.1', '[::1]', '[::ffff:127.0.0.1]', `user@127.0.0.1`]) {
      expect((await curl(`--noproxy none.invalid 'http://${host}:${port}/'`)).stdout).toMatch(/ 403$/);
    }
    const raw = `exec 3<>/dev/tcp/127.0.0.1/3128; printf 'GET / HTTP/1.1\\r\\nHost: localhost:${port}\\r\\n\\r\\n' >&3; head -1 <&3`;
    expect((await sh(raw)).stdout).toContain('400');
    expect(seen).toEqual([]);
  });

  it('shares a loopback from the moment when a call asks for it, also without listed hosts', async () => {
    const closed = await ground.open();
    const stop = new AbortController();
    const serving = `node -e "require('http').createServer((q, r) => r.end('inside')).listen(8080, '127.0.0.1', () => console.log('up'))"`;
    let up: () => void = () => undefined;
    const isUp = new Promise<void>(resolve => (up = resolve));
    const more = { signal: stop.signal, loopback: 'shared' as const, onOutput: () => up() };
    const background = ground.sh(closed, serving, more);
    await isUp;
    expect((await ground.sh(closed, 'curl -sS -m 5 http://127.0.0.1:8080/')).stdout).toBe('inside');
    expect((await ground.sh(closed, `(exec 3<>/dev/tcp/127.0.0.1/3128) 2>&1`)).stdout).toContain('refused');
    expect((await ground.sh(closed, `(exec 3<>/dev/tcp/127.0.0.1/${port}) 2>&1`)).stdout).toContain('refused');
    stop.abort('force');
    await background;
  });

  it('goes with its sandbox', async () => {
    const short = await ground.open(testProfile({ network: { mode: 'allowlist', hosts: ['localhost'] } }));
    expect((await ground.sh(short, 'echo "$http_proxy"')).stdout).toBe('http://127.0.0.1:3128\n');
    await short.release();
    const again = await ground.open();
    expect((await ground.sh(again, 'echo "[$http_proxy]"; readlink /proc/self/ns/net')).stdout).toMatch(/^\[\]\nnet:/);
  });
});
