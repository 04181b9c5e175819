import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { WebSocket as WebSocketOfWs } from 'ws';
import type { RunledgerError } from './client-error.js';
import { RunEventsDocument, ViewerDocument } from './generated.js';
import { RunledgerClient, type ClientOptions } from './runledger-client.js';

const OPTIONS = { url: 'http://127.0.0.1:4000', token: 'rl_1_2' };
/** What a caller in plain JavaScript may pass. */
const given = (options: object) => new RunledgerClient(options as ClientOptions);

describe('a client', () => {
  it.each([
    [{ token: 'rl_1_2' }, /Pass `url`: .*undefined is no such address/],
    [{ ...OPTIONS, url: '127.0.0.1:4000' }, /Pass `url`: .*"127\.0\.0\.1:4000" is no such address/],
    [{ ...OPTIONS, url: '' }, /Pass `url`: .*"" is no such address/],
    [{ url: OPTIONS.url }, /Pass `token`: an API token, a JWT, or a function/],
    [{ ...OPTIONS, token: '' }, /Pass `token`/],
  ])('is not made with what nothing can be asked with: %j', (options, reason) => {
    expect(() => given(options)).toThrow(TypeError);
    expect(() => given(options)).toThrow(reason);
  });

  it('names what it needs for subscriptions, where the runtime has no WebSocket', () => {
    const own = Object.getOwnPropertyDescriptor(globalThis, 'WebSocket');
    Reflect.deleteProperty(globalThis, 'WebSocket');
    try {
      expect(() => given(OPTIONS).subscribe(RunEventsDocument, { runId: 'run_1' })).toThrow(
        /no `WebSocket`: pass that of the package `ws` as `webSocket`/,
      );
    } finally {
      if (own) Object.defineProperty(globalThis, 'WebSocket', own);
    }
  });

  it.each([
    ['ws', WebSocketOfWs as unknown as typeof WebSocket],
    ['its runtime', WebSocket],
  ])('goes on trying where nobody answers in time, with the socket of %s', async (_whose, webSocket) => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const ending = new AbortController();
    const told: string[] = [];
    const onProblem = ({ code }: RunledgerError) => told.push(code) === 2 && ending.abort();
    const client = given({ ...OPTIONS, url, webSocket, silenceMs: 50, onProblem });
    const items = client.subscribe(RunEventsDocument, { runId: 'run_1' }, ending);
    expect((await items.next()).done).toBe(true);
    expect(told).toEqual(['CONNECTION_LOST', 'CONNECTION_LOST']);
    silent.close();
  });

  it('says of an answer that is none of the API where it may have asked instead', async () => {
    const fetch = () => Promise.resolve(new Response('<h1>Not found</h1>', { status: 404 }));
    await expect(given({ ...OPTIONS, fetch }).request(ViewerDocument, {})).rejects.toMatchObject({
      code: 'UNREADABLE_ANSWER',
      more: { fix: expect.stringContaining('without `/graphql`') as string },
    });
  });
});
