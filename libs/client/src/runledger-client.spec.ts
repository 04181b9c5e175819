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

  it('says of an answer that is none of the API where it may have asked instead', async () => {
    const fetch = () => Promise.resolve(new Response('<h1>Not found</h1>', { status: 404 }));
    await expect(given({ ...OPTIONS, fetch }).request(ViewerDocument, {})).rejects.toMatchObject({
      code: 'UNREADABLE_ANSWER',
      more: { fix: expect.stringContaining('without `/graphql`') as string },
    });
  });
});
