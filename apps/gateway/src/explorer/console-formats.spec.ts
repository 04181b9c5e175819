import { jest } from '@jest/globals';
import { join } from 'node:path';

type Formats = Readonly<Record<'soon' | 'until', (text: string) => string>> & {
  readonly duration: (ms: number | string | null) => string;
};

const PUBLIC = join(import.meta.dirname, 'public');

describe('how the pages say when something is', () => {
  let formats: Formats;
  beforeAll(async () => {
    formats = (await import(join(PUBLIC, 'formats.js'))) as Formats;
  });
  beforeEach(() => jest.useFakeTimers({ now: Date.parse('2026-11-21T10:00:00.000Z') }));
  afterEach(() => jest.useRealTimers());

  it.each([
    ['2026-11-21T10:03:00.000Z', 'in 3 min'],
    ['2026-11-21T10:00:20.500Z', 'in 21 s'],
    ['2026-11-21T11:00:00.000Z', 'in 1 h'],
    ['2026-11-21T10:00:00.400Z', 'now'],
    ['2026-11-21T09:00:00.000Z', 'now'],
  ])('%s is %s', (at, said) => {
    expect(formats.soon(at)).toBe(said);
  });
});

describe('how the pages say how long something took', () => {
  it.each([
    [null, '–'],
    ['0', '0 ms'],
    ['83', '83 ms'],
    [100, '0.1 s'],
    [9_940, '9.9 s'],
    [61_000, '1 min 1 s'],
  ])('%s ms is %s', async (ms, said) => {
    const { duration } = (await import(join(PUBLIC, 'formats.js'))) as Formats;
    expect(duration(ms)).toBe(said);
  });
});

describe('what starts a flow by itself', () => {
  it('is looked for on every page of the schedules', async () => {
    const before = Object.getOwnPropertyDescriptor(globalThis, 'fetch');
    const asked: unknown[] = [];
    const page = (slug: string, endCursor: string | null) => ({
      nodes: [{ id: slug, name: slug, status: 'ENDED', cron: '* * * * *', timeZone: 'UTC', flow: { slug } }],
      pageInfo: { hasNextPage: endCursor !== null, endCursor },
    });
    const answers = [page('other', 'one'), page('other', 'two'), page('ship', null)];
    try {
      put('fetch', (_: string, { body }: { readonly body: string }) => {
        const { query, variables } = JSON.parse(body) as { query: string; variables: { after?: string | null } };
        if (query.includes('eventTriggers')) return Promise.resolve(Response.json({ data: { eventTriggers: [] } }));
        asked.push(variables.after);
        return Promise.resolve(Response.json({ data: { schedules: answers[asked.length - 1] } }));
      });
      put('sessionStorage', { getItem: () => 'rl_1_2' });
      const { schedulesOf } = (await import(join(PUBLIC, 'starters.js'))) as {
        schedulesOf: (slug: string) => Promise<readonly { readonly id: string }[]>;
      };
      expect((await schedulesOf('ship')).map(({ id }) => id)).toEqual(['ship']);
      expect(asked).toEqual([null, 'one', 'two']);
    } finally {
      if (before) Object.defineProperty(globalThis, 'fetch', before);
      Reflect.deleteProperty(globalThis, 'sessionStorage');
    }
  });
});

function put(name: string, value: unknown): void {
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
}
