import type { AttemptEvent } from '@runledger/contracts';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { Ground, newRunId } from '../attempt/ground.fixture.js';
import { testProfile } from '../driver/sandbox.fixture.js';
import { EgressPolicy } from '../egress/egress-policy.js';
import { fetchPage, MOST_BYTES } from '../egress/web-page.js';

const PAGE = `<html><head><title>T</title><script>alert(1)</script></head><body><nav>menu</nav>
  <main><h1>Rules</h1><p>Read <a href="/more">more</a>, or not.</p></main></body></html>`;

describe('fetching from the web', () => {
  let server: Server;
  let port: number;

  const answers: Readonly<Record<string, (response: ServerResponse) => void>> = {
    '/': response => response.setHeader('content-type', 'text/html; charset=utf-8').end(PAGE),
    '/latin': response =>
      response.setHeader('content-type', 'text/plain; charset=iso-8859-1').end(Buffer.from([0x67, 0xfc, 0x74])),
    '/moved': response => response.writeHead(301, { location: '/' }).end(),
    '/loop': response => response.writeHead(302, { location: '/loop' }).end(),
    '/loopback': response => response.writeHead(302, { location: `http://127.0.0.1:${port}/` }).end(),
    '/metadata': response => response.writeHead(307, { location: 'http://169.254.169.254/latest/' }).end(),
    '/file': response => response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
    '/image': response => response.setHeader('content-type', 'image/png').end('x'),
    '/bomb': response => {
      const packed = gzipSync(Buffer.alloc(64 * 1_048_576));
      response.writeHead(200, { 'content-type': 'text/plain', 'content-encoding': 'gzip' }).end(packed);
    },
    '/silent': () => undefined,
  };

  beforeAll(async () => {
    server = createServer((request, response) => {
      const answer = answers[request.url ?? ''];
      if (answer) answer(response);
      else response.writeHead(404).end('nothing here');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const get = (path: string, { timeoutMs = 10_000, privateNetworks = ['127.0.0.0/8', '::1/128'] } = {}) => {
    const policy = new EgressPolicy({ hosts: [`localhost:${port}`], privateNetworks });
    const url = path.startsWith('/') ? `http://localhost:${port}${path}` : path;
    return fetchPage({ url, policy, timeoutMs, signal: new AbortController().signal });
  };

  it('follows redirects and reads what is text', async () => {
    expect(await get('/moved')).toMatchObject({
      page: { url: `http://localhost:${port}/`, status: 200, mediaType: 'text/html', text: PAGE, cut: false },
    });
    expect(await get('/latin')).toMatchObject({ page: { text: 'güt' } });
    expect(await get('/image')).toEqual({ failed: `http://localhost:${port}/image is image/png, not text.` });
    expect(await get('/loop')).toEqual({ failed: 'More than 5 redirects follow each other.' });
    expect(await get('/none')).toMatchObject({ page: { status: 404 } });
  });

  it('HOSTILE: a redirect to loopback, to a metadata address or to a file is refused', async () => {
    const notListed = 'it is not on the list of the sandbox profile';
    expect(await get('/loopback')).toEqual({ refused: `127.0.0.1:${port} is refused: ${notListed}.` });
    expect(await get('/metadata')).toEqual({ refused: `169.254.169.254 is refused: ${notListed}.` });
    expect(await get('/file')).toEqual({ refused: 'file: is not http or https.' });
    expect(await get('ftp://localhost/')).toEqual({ refused: 'ftp: is not http or https.' });
  });

  it('HOSTILE: a listed name that leads to this machine is refused where the operator did not open it', async () => {
    expect(await get('/', { privateNetworks: [] })).toMatchObject({ refused: expect.stringContaining('not a public') });
  });

  it('HOSTILE: connects to the address that was checked, though the name leads to another one by then', async () => {
    const asked: string[] = [];
    const rules = { hosts: [`rebound.test:${port}`], privateNetworks: ['127.0.0.0/8'] };
    const policy = new EgressPolicy(rules, host =>
      Promise.resolve(asked.push(host) === 1 ? ['127.0.0.1'] : ['10.0.0.1']),
    );
    const url = `http://rebound.test:${port}/`;
    const fetched = await fetchPage({ url, policy, timeoutMs: 10_000, signal: new AbortController().signal });
    expect(fetched).toMatchObject({ page: { url, text: PAGE } });
    expect(asked).toEqual(['rebound.test']);
  });

  it('HOSTILE: no port of another protocol is spoken to, and no name and password are sent', async () => {
    const signal = new AbortController().signal;
    const policy = new EgressPolicy({ hosts: ['127.0.0.1:25', `127.0.0.1:${port}`], privateNetworks: ['127.0.0.0/8'] });
    const fetched = (url: string) => fetchPage({ url, policy, timeoutMs: 10_000, signal });
    expect(await fetched('http://127.0.0.1:25/')).toEqual({
      refused: '127.0.0.1:25 is refused: port 25 is for something else than HTTP.',
    });
    expect(await fetched(`http://ada:secret@127.0.0.1:${port}/`)).toEqual({
      failed: `127.0.0.1:${port} did not answer: An address must hold no name and no password.`,
    });
  });

  it('HOSTILE: what unpacks to more than fits is cut, and what never answers is left', async () => {
    const bomb = await get('/bomb');
    expect('page' in bomb && { length: bomb.page.text.length, cut: bomb.page.cut }).toEqual({
      length: MOST_BYTES,
      cut: true,
    });
    expect(await get('/silent', { timeoutMs: 200 })).toEqual({
      failed: `localhost:${port} did not answer: it took too long.`,
    });
  });

  it('gives an agent the readable part, and readers the address and how it begins', async () => {
    const ground = await Ground.make();
    const network = { mode: 'allowlist' as const, hosts: [`localhost:${port}`] };
    await ground.publishProfile(testProfile({ network }));
    const service = await ground.wiredService({ privateNetworks: ['127.0.0.0/8', '::1/128'] });
    const url = `http://localhost:${port}/moved`;
    const fetching = (address: string) => ({ tools: [{ name: 'web_fetch' as const, arguments: { url: address } }] });
    const script = [
      fetching(url),
      fetching('http://example.com/'),
      { tools: [{ name: 'bash' as const, arguments: { command: `curl -s http://example.com/` } }] },
      { text: 'Done.' },
    ];
    const agent = { provider: 'scripted', model: 'm', prompt: 'Read.', script } as const;
    const ready = await ground.ready({ runId: newRunId(), agent });
    try {
      expect((await ground.end(ready)).outcome).toBe('SUCCESS');
      const events = await ground.transcript(ready);
      const ends = events.flatMap(event => (event.type === 'ToolCallEnded' ? [event.data] : []));
      expect(ends[0]).toMatchObject({
        state: 'ok',
        output: `http://localhost:${port}/\n\nRULES\n\nRead more [http://localhost:${port}/more], or not.`,
        detail: { kind: 'fetch', url, status: 200, preview: expect.stringContaining('RULES') },
      });
      expect(ends[1]).toMatchObject({ state: 'error', error: { code: 'EGRESS_REFUSED' } });
      expect(notesOf(events)).toContain(
        'Network: GET example.com:80 was refused: it is not on the list of the sandbox profile.',
      );
    } finally {
      await service.stop();
      await ground.giveBack();
    }
  });
});

function notesOf(events: readonly AttemptEvent[]): string[] {
  return events.flatMap(event => (event.type === 'InfoRecorded' ? [event.data.text] : []));
}
