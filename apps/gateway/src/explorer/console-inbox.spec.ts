import { join } from 'node:path';

interface Request {
  readonly id: string;
  readonly state: string;
  readonly requestedAt: string;
  readonly availableDecisions: readonly string[];
}
interface Inbox {
  readonly followInbox: (told: (requests: readonly Request[]) => void, connected: () => void) => () => void;
}

const GLOBALS = ['fetch', 'sessionStorage', 'location', 'WebSocket'] as const;
const before = GLOBALS.map(name => Object.getOwnPropertyDescriptor(globalThis, name));

describe('what the console says is waiting', () => {
  let socket: { onmessage: (message: { data: string }) => void };
  let shown: readonly Request[];
  let end: () => void;

  beforeEach(async () => {
    put('sessionStorage', { getItem: () => 'rl_1_2' });
    put('location', { origin: 'http://127.0.0.1:4000' });
    put('WebSocket', function (this: typeof socket) {
      socket = Object.assign(this, { close: () => {}, send: () => {} });
    });
    const { followInbox } = (await import(join(import.meta.dirname, 'public', 'inbox.js'))) as Inbox;
    end = followInbox(
      requests => (shown = requests),
      () => {},
    );
  });

  afterEach(() => {
    end();
    GLOBALS.forEach((name, index) => Object.defineProperty(globalThis, name, before[index] ?? { value: undefined }));
  });

  it('is all of it, though a snapshot holds the oldest only, and nothing that was decided while the rest was read', async () => {
    let answer: (response: Response) => void = () => {};
    const asked = new Promise<object>(resolve => {
      put('fetch', (_: string, { body }: { readonly body: string }) => {
        resolve(JSON.parse(body) as object);
        return new Promise<Response>(done => (answer = done));
      });
    });
    send({ __typename: 'InboxSnapshot', cursor: '7', hasMore: true, requests: [waiting(1)] });
    expect(shown.map(({ id }) => id)).toEqual(['apr_1']);
    expect(await asked).toMatchObject({ variables: { atLeast: '7' } });
    send({ __typename: 'InboxChange', cursor: '8', request: { ...waiting(2), state: 'DECIDED' } });
    const inbox = { nodes: [waiting(1), waiting(2), waiting(3)], pageInfo: { hasNextPage: false, endCursor: 'c' } };
    answer(Response.json({ data: { inbox } }));
    await new Promise(resolve => setTimeout(resolve, 20));
    expect(shown.map(({ id }) => id)).toEqual(['apr_1', 'apr_3']);
  });

  function send(item: object): void {
    socket.onmessage({ data: JSON.stringify({ type: 'next', payload: { data: { inboxChanged: item } } }) });
  }
});

function waiting(number: number): Request {
  return {
    id: `apr_${number}`,
    state: 'OPEN',
    requestedAt: `2026-11-21T10:00:0${number}Z`,
    availableDecisions: ['APPROVE'],
  };
}

function put(name: (typeof GLOBALS)[number], value: unknown): void {
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
}
