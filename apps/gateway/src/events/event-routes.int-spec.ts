import { MemberAdded, WorkspaceCreated } from '@runledger/contracts';
import { eventually } from '@runledger/testing';
import { testGateway, type TestGateway } from '../gateway.fixture.js';

const HEAD = '9'.repeat(18).padStart(19, '0');

let gateway: TestGateway;
let ada: string;
let eve: string;

beforeAll(async () => {
  gateway = await testGateway();
  ada = await gateway.tokenFor('ws_acme', 'mem_ada', ['audit.read']);
  eve = await gateway.tokenFor('ws_other', 'mem_eve', ['audit.read']);
});
afterAll(() => gateway.close());

const get = (query = '', headers: Readonly<Record<string, string>> = {}, token = ada) =>
  fetch(`${gateway.url}/api/v1/events${query}`, { headers: { authorization: `Bearer ${token}`, ...headers } });

interface Shown {
  readonly id: string;
  readonly type: string;
  readonly position: string;
}

const parsed = (text: string) =>
  text
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as Shown);

/** Reads server-sent events until there are so many of them, and leaves. */
async function heard(wanted: number, headers: Readonly<Record<string, string>> = {}, query = ''): Promise<Shown[]> {
  const answer = await get(query, { accept: 'text/event-stream', ...headers });
  expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  const shown: Shown[] = [];
  let text = '';
  for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const frames = text.split('\n\n');
    text = frames.pop() ?? '';
    for (const frame of frames) {
      const data = /^data: (.*)$/m.exec(frame)?.[1];
      if (data === undefined) continue;
      shown.push(JSON.parse(data) as Shown);
      expect(/^id: (\d{19})$/m.exec(frame)?.[1]).toBe(shown.at(-1)?.position);
    }
    if (shown.length >= wanted) break;
  }
  return shown;
}

const join = (memberId: string) =>
  gateway.tell(
    { workspaceId: 'ws_acme', stream: `member-${memberId}` },
    MemberAdded({
      ...{ memberId, workspaceId: 'ws_acme', name: memberId, kind: 'person', scopes: [] },
      ...{ addedBy: { kind: 'system', id: 'spec' }, addedAt: '2026-11-21T10:00:00.000Z' },
    }),
  );

describe('events for programs outside', () => {
  it('are NDJSON up to the end of the log, of the caller’s workspace only', async () => {
    const events = parsed(await (await get()).text());
    expect(events.map(({ type }) => type)).toEqual([WorkspaceCreated.type, MemberAdded.type, 'TokenIssued']);
    const others = parsed(await (await get('', {}, eve)).text());
    expect(others).toHaveLength(3);
    expect(new Set([...events, ...others].map(({ id }) => id)).size).toBe(6);
  });

  it('are only those asked for, behind the cursor', async () => {
    const all = parsed(await (await get()).text());
    expect(parsed(await (await get('?types=MemberAdded,TokenIssued')).text())).toEqual(all.slice(1));
    expect(parsed(await (await get('?categories=token')).text())).toEqual(all.slice(2));
    expect(parsed(await (await get(`?after=${all[1]!.position}`)).text())).toEqual(all.slice(2));
    expect(parsed(await (await get('?runId=run_none')).text())).toEqual([]);
    expect((await get('?kinds=x')).status).toBe(400);
  });

  it.each([
    ['MembersAdded', 'Did you mean `MemberAdded` or `MemberErased`? '],
    ['Nonsense', ''],
  ])('say that no event is of the type %s, what was meant, and where the types are listed', async (type, meant) => {
    const fix = `${meant}\`/catalogue\` shows every type, \`/catalogue/events.json\` lists them.`;
    const error = { code: 'UNKNOWN_EVENT_TYPE', message: `No event is of the type \`${type}\`.`, fix };
    for (const accept of ['application/x-ndjson', 'text/event-stream']) {
      const answer = await get(`?types=TokenIssued,${type}`, { accept });
      expect([answer.status, await answer.json()]).toEqual([400, { error }]);
    }
    const { status, errors } = await gateway.graphql(ada, `{ events(types: ["${type}"]) { nodes { id } } }`);
    const { message, code } = error;
    expect([status, errors?.[0]]).toMatchObject([400, { message, extensions: { code, fix } }]);
    const listed = await (await fetch(`${gateway.url}/catalogue/events.json`)).json();
    expect(JSON.stringify(listed)).toContain('"MemberAdded"');
  });

  it.each([
    ['tokens', 'Did you mean `token`? '],
    ['', ''],
  ])('say that no stream is of the category %j, what was meant, and which there are', async (category, meant) => {
    const answer = await get(`?categories=token,${category}`);
    const fix = expect.stringMatching(
      /^(?:Did you mean `token`\? )?There are flow, skill, run, .*token, webhook\.$/,
    ) as string;
    const message = `No stream is of the category \`${category}\`.`;
    const error = { code: 'UNKNOWN_STREAM_CATEGORY', message, fix };
    const said = await answer.json();
    expect([answer.status, said]).toEqual([400, { error }]);
    expect(JSON.stringify(said)).toContain(`"fix":"${meant}There are`);
  });

  it('are followed as they happen, and go on behind Last-Event-ID without a gap or a repeat', async () => {
    const before = await heard(3);
    await join('mem_bob');
    const behind = heard(2, { 'last-event-id': before.at(-1)!.position });
    await join('mem_cyd');
    expect([...before, ...(await behind)]).toEqual(parsed(await (await get()).text()));
    await join('mem_dan');
    const [only] = await heard(1, { 'last-event-id': (await behind).at(-1)!.position }, '?types=MemberAdded');
    expect(only).toMatchObject({ type: 'MemberAdded', data: { memberId: 'mem_dan' } });
  });

  it('end when the token is revoked, also where the clock was set back meanwhile (G2)', async () => {
    const brief = await gateway.tokenFor('ws_acme', 'mem_ada', ['audit.read', 'workspace.admin']);
    const answer = await get('', { accept: 'text/event-stream' }, brief);
    let text = '';
    const follow = async () => {
      for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) text += chunk;
    };
    const ended = expect(follow()).rejects.toThrow('terminated');
    await eventually(() => expect(text).toContain('"type":"MemberAdded"'));
    gateway.clock.advance(-3_600_000);
    const id = `tok_${brief.split('_')[1]}`;
    await gateway.graphql(brief, 'mutation ($id: ID!) { revokeToken(id: $id) { __typename } }', { id });
    await eventually(async () => expect((await get('', {}, brief)).status).toBe(401));
    gateway.clock.advance(5_000);
    await join('mem_secret');
    await ended;
    expect(text).not.toContain('mem_secret');
  });

  it('say that a cursor has expired when the log does not reach so far', async () => {
    const answer = await get('', { accept: 'text/event-stream', 'last-event-id': HEAD });
    expect([answer.status, await answer.json()]).toMatchObject([410, { error: { code: 'CURSOR_EXPIRED' } }]);
    expect((await get('?after=1')).status).toBe(400);
  });

  it('are for those with audit.read', async () => {
    const bob = await gateway.tokenFor('ws_acme', 'mem_zoe', ['flows.read']);
    expect([(await get('', {}, bob)).status, (await get('', {}, 'rl_x_y')).status]).toEqual([403, 401]);
  });
});
