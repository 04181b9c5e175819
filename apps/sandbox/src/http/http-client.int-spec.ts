import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createRawServer } from 'node:net';
import type { AddressInfo, Server as RawServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { eventually } from '@runledger/testing';
import { HttpClient } from './http-client.js';
import { RedirectRefusedError } from './http-faults.js';

const folders = (process.env['PATH'] ?? '').split(delimiter);
const withOpenssl = folders.some(folder => existsSync(join(folder, 'openssl'))) ? describe : describe.skip;

describe('asking over HTTP', () => {
  const opened: RawServer[] = [];
  const client = new HttpClient();

  async function listening<Kind extends RawServer>(server: Kind): Promise<string> {
    opened.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
  const serve = async (listener: RequestListener): Promise<string> =>
    `http://${await listening(createServer(listener))}`;
  /** Says this, whatever it is asked, and then what becomes of the connection. */
  const raw = async (said: string, then: 'end' | 'reset' | 'stay'): Promise<string> => {
    const server = createRawServer(socket => {
      socket.on('error', () => undefined);
      socket.once('data', () => {
        if (then === 'end') socket.end(said);
        else socket.write(said, () => then === 'reset' && setTimeout(() => socket.resetAndDestroy(), 20));
      });
    });
    return `http://${await listening(server)}`;
  };
  const causeOf = async (asked: Promise<unknown>): Promise<{ code?: string; message: string }> => {
    const error: unknown = await asked.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(TypeError);
    expect((error as Error).message).toBe('fetch failed');
    return (error as Error).cause as { code?: string; message: string };
  };
  afterEach(async () => {
    for (const server of opened.splice(0)) {
      (server as Partial<Server>).closeAllConnections?.();
      server.close();
      await once(server, 'close');
    }
  });

  it('sends what it is given, and reads what is answered', async () => {
    const url = await serve(echo);
    const headers = { 'Content-Type': 'application/json', 'x-api-key': 'sk-1\n' };
    const answer = await client.fetch(`${url}/v1?a=b`, { method: 'POST', headers, body: '{"wörd":1}' });
    expect(answer).toMatchObject({ status: 200, ok: true, statusText: 'OK', redirected: false });
    expect(answer.headers.get('Content-Type')).toBe('application/json');
    expect(await answer.json()).toMatchObject({
      ...{ method: 'POST', url: '/v1?a=b', body: '{"wörd":1}' },
      headers: { 'content-length': '11', 'x-api-key': 'sk-1', accept: '*/*', 'user-agent': 'runledger' },
    });
  });

  it('asks again over the same connection when the answer was read', async () => {
    const ports: (number | undefined)[] = [];
    const url = await serve((request, response) => {
      ports.push(request.socket.remotePort);
      response.end('read me');
    });
    for (let n = 0; n < 3; n += 1) await (await client.fetch(url)).text();
    expect(new Set(ports).size).toBe(1);
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['br, gzip', (text: string) => gzipSync(brotliCompressSync(text))],
    ['identity', (text: string) => Buffer.from(text)],
  ] as const)('unpacks an answer that is packed as %s', async (encoding, pack) => {
    const url = await serve((request, response) => {
      expect(request.headers['accept-encoding']).toBe('gzip, br');
      response.writeHead(200, { 'content-encoding': encoding }).end(pack('naïve 🙂 '.repeat(1_000)));
    });
    expect(await (await client.fetch(url)).text()).toBe('naïve 🙂 '.repeat(1_000));
  });

  it('hands on as it is what is packed in a way that nobody knows, and says when it is packed wrongly', async () => {
    const url = await serve((request, response) => {
      response.writeHead(200, { 'content-encoding': request.url === '/odd' ? 'odd' : 'gzip' }).end('plain');
    });
    expect(await (await client.fetch(`${url}/odd`)).text()).toBe('plain');
    await expect((await client.fetch(url)).text()).rejects.toThrow('incorrect header check');
  });

  it('asks for pieces as they are where somebody waits for them, and tells each when it comes', async () => {
    let more: (piece: string) => void = () => undefined;
    const url = await serve((request, response) => {
      expect(request.headers['accept-encoding']).toBe('identity');
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      more = piece => void response.write(piece);
      more('data: one\n\n');
    });
    const answer = await new HttpClient({ packed: false }).fetch(url);
    const reader = answer.body!.getReader();
    const next = async (): Promise<string> => Buffer.from((await reader.read()).value!).toString();
    expect(await next()).toBe('data: one\n\n');
    more('data: two\n\n');
    expect(await next()).toBe('data: two\n\n');
    await reader.cancel();
  });

  it('hears pieces of a packed stream when they come, not when it ends', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' });
      const whole = gzipSync('first second');
      response.write(whole.subarray(0, whole.length - 8));
    });
    const reader = (await client.fetch(url)).body!.getReader();
    expect(Buffer.from((await reader.read()).value!).toString()).toBe('first second');
    await reader.cancel();
  });

  it('closes the connection when nobody wants the rest', async () => {
    let closed = false;
    const url = await serve((_request, response) => {
      response.write('a');
      response.on('close', () => (closed = true));
    });
    const answer = await client.fetch(url);
    await answer.body!.cancel();
    await eventually(() => closed);
  });

  it('lets the sender wait when the reader is slow', async () => {
    const piece = Buffer.alloc(65_536);
    let sent = 0;
    const url = await serve((_request, response) => {
      const push = (): void => {
        while (sent < 100 && response.write(piece)) sent += 1;
      };
      response.on('drain', push);
      push();
    });
    const answer = await client.fetch(url);
    await new Promise(resolve => setTimeout(resolve, 200));
    expect(sent).toBeLessThan(100);
    await answer.body!.cancel();
  });

  describe('that is stopped', () => {
    const reason = new DOMException('enough', 'AbortError');

    it('was stopped before: nothing is sent', async () => {
      await expect(client.fetch('http://127.0.0.1:9', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    });

    it('hangs up while it waits for an answer', async () => {
      let gone = false;
      const url = await serve((_request, response) => void response.on('close', () => (gone = true)));
      const stop = new AbortController();
      const asked = client.fetch(url, { signal: stop.signal });
      setTimeout(() => stop.abort(reason), 50);
      await expect(asked).rejects.toBe(reason);
      await eventually(() => gone);
    });

    it('ends what is read of the answer with the reason, and hangs up', async () => {
      let gone = false;
      const url = await serve((request, response) => {
        if (request.url === '/packed') response.writeHead(200, { 'content-encoding': 'gzip' });
        response.write(request.url === '/packed' ? gzipSync('a').subarray(0, -8) : 'a');
        response.on('close', () => (gone = true));
      });
      for (const path of ['/', '/packed']) {
        gone = false;
        const stop = new AbortController();
        const reader = (await client.fetch(url + path, { signal: stop.signal })).body!.getReader();
        await reader.read();
        const next = reader.read();
        stop.abort(reason);
        await expect(next).rejects.toBe(reason);
        await eventually(() => gone);
      }
    });
  });

  describe('where something goes wrong', () => {
    it('says that nobody listens', async () => {
      const url = await serve(echo);
      const [server] = opened.splice(0);
      server!.close();
      await once(server!, 'close');
      expect((await causeOf(client.fetch(url))).code).toBe('ECONNREFUSED');
    });

    it.each([
      ['is reset before an answer', '', 'reset', 'ECONNRESET'],
      ['is closed before an answer', '', 'end', 'ECONNRESET'],
      ['speaks something else', 'SSH-2.0-OpenSSH_9.2\r\n', 'stay', 'HPE_INVALID_CONSTANT'],
      [
        'has headers without end',
        `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`,
        'stay',
        'HPE_HEADER_OVERFLOW',
      ],
    ] as const)('says that the connection %s', async (_what, said, then, code) => {
      expect((await causeOf(client.fetch(await raw(said, then)))).code).toBe(code);
    });

    it.each([
      ['reset', 'content-length: 10\r\n\r\nabc', 'reset'],
      ['closed too early', 'content-length: 10\r\n\r\nabc', 'end'],
      ['closed within a chunk', 'transfer-encoding: chunked\r\n\r\n5\r\nabc', 'end'],
      ['closed before the last chunk', 'transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n', 'end'],
    ] as const)('gives what came before the connection was %s, and then the error', async (_what, said, then) => {
      const answer = await client.fetch(await raw(`HTTP/1.1 200 OK\r\n${said}`, then));
      const reader = answer.body!.getReader();
      expect(Buffer.from((await reader.read()).value!).toString()).toBe('abc');
      await expect(reader.read()).rejects.toMatchObject({ code: 'ECONNRESET' });
    });

    it('does not wait for ever for one that says nothing, before its answer or within', async () => {
      const impatient = new HttpClient({ idleMs: 50 });
      const silent = await causeOf(impatient.fetch(await raw('', 'stay')));
      expect(silent).toMatchObject({ code: 'PEER_SILENT' });
      const answer = await impatient.fetch(await raw('HTTP/1.1 200 OK\r\n\r\nabc', 'stay'));
      await expect(answer.text()).rejects.toMatchObject({ code: 'PEER_SILENT' });
    });

    it('sends nothing to where it is sent on to, and says where that is without what may be secret of it', async () => {
      const asked: string[] = [];
      const url = await serve((request, response) => {
        asked.push(request.url ?? '');
        response.writeHead(307, { location: 'https://elsewhere.example/v1?token=secret' }).end();
      });
      const refused: unknown = await client.fetch(url, { method: 'POST', body: 'x' }).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(RedirectRefusedError);
      expect((refused as Error).message).toContain('https://elsewhere.example/v1 (307)');
      expect((refused as Error).message).not.toContain('secret');
      const seen = await client.fetch(url, { redirect: 'manual' });
      expect([seen.status, seen.headers.get('location')]).toEqual([307, 'https://elsewhere.example/v1?token=secret']);
      await seen.text();
      expect(asked).toHaveLength(2);
    });

    it.each(['ftp://example.com/', 'http://ada:pass@example.com/', 'no address'])('refuses %s', async address => {
      const refused = client.fetch(address);
      await expect(refused).rejects.toBeInstanceOf(TypeError);
      await expect(refused).rejects.not.toThrow('pass@');
    });

    it('refuses a key that no header can hold, without telling it', async () => {
      const refused = client.fetch('http://127.0.0.1:9', { headers: { 'x-api-key': 'ключ' } });
      await expect(refused).rejects.toBeInstanceOf(TypeError);
      await expect(refused).rejects.not.toThrow('ключ');
    });
  });

  withOpenssl('over TLS (needs openssl)', () => {
    it('says why nobody vouches for the other side, and what does not match', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'runledger-tls-'));
      try {
        const [certificate, key] = [join(folder, 'own.pem'), join(folder, 'own.key')];
        const made = ['-keyout', key, '-out', certificate, '-days', '2', '-subj', '/CN=localhost'];
        execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...made], { stdio: 'pipe' });
        const tls = { cert: readFileSync(certificate), key: readFileSync(key) };
        const host = await listening(createTlsServer(tls, echo));
        expect((await causeOf(client.fetch(`https://${host}`))).code).toBe('DEPTH_ZERO_SELF_SIGNED_CERT');
        expect((await causeOf(client.fetch(`http://${host}`))).code).toBe('ECONNRESET');
        const plain = await serve(echo);
        const { code } = await causeOf(client.fetch(plain.replace('http:', 'https:')));
        expect(code).toMatch(/^(EPROTO|ERR_SSL_)/);
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  });
});

function echo(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { method, url, headers } = request;
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ method, url, headers, body: Buffer.concat(chunks).toString() }));
  });
}
