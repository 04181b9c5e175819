import { join } from 'node:path';

interface Asked {
  readonly query: (text: string) => Promise<unknown>;
}

const GLOBALS = ['fetch', 'sessionStorage', 'dispatchEvent'] as const;
const before = GLOBALS.map(name => Object.getOwnPropertyDescriptor(globalThis, name));

describe('what a page asks of the API', () => {
  let heard: string[];

  beforeEach(() => {
    heard = [];
    put('sessionStorage', { getItem: () => 'rl_1_2' });
    put('dispatchEvent', (event: Event) => heard.push(event.type));
  });

  afterEach(() => {
    GLOBALS.forEach((name, index) => Object.defineProperty(globalThis, name, before[index] ?? { value: undefined }));
  });

  it('says that the platform cannot be reached, and what to do, instead of what the browser makes of it', async () => {
    put('fetch', () => Promise.reject(new TypeError('Failed to fetch')));
    const fix: unknown = expect.stringContaining('Try again');
    await expect(ask()).rejects.toMatchObject({ code: 'UNREACHABLE', message: 'The platform cannot be reached.', fix });
  });

  it('says the same when something in between answers with a page of its own', async () => {
    put('fetch', () => Promise.resolve(new Response('<h1>502 Bad Gateway</h1>', { status: 502 })));
    await expect(ask()).rejects.toMatchObject({ code: 'UNREACHABLE' });
  });

  it('lets the whole page know once the token counts no more', async () => {
    answer({ message: 'The token has expired.', extensions: { code: 'UNAUTHENTICATED' } });
    await expect(ask()).rejects.toMatchObject({ message: 'The token has expired.' });
    expect(heard).toEqual(['token-ended']);
  });

  it('keeps every other error to whoever asked', async () => {
    answer({ message: 'There is no such run.', extensions: { code: 'NOT_FOUND', fix: 'Look at the list of runs.' } });
    await expect(ask()).rejects.toMatchObject({ code: 'NOT_FOUND', fix: 'Look at the list of runs.' });
    expect(heard).toEqual([]);
  });
});

async function ask(): Promise<unknown> {
  const { query } = (await import(join(import.meta.dirname, 'public', 'graphql.js'))) as Asked;
  return query('{ viewer { plan } }');
}

function answer(error: object): void {
  put('fetch', () => Promise.resolve(Response.json({ errors: [error] })));
}

function put(name: (typeof GLOBALS)[number], value: unknown): void {
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
}
