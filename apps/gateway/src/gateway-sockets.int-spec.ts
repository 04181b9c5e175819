import {
  AgentText,
  AgentThinking,
  ErrorRecorded,
  ToolCallEnded,
  ToolCallStarted,
  ToolOutput,
} from '@runledger/contracts';
import { newUuid } from '@runledger/event-store';
import { attemptId, type DomainEvent } from '@runledger/kernel';
import { eventually } from '@runledger/testing';
import { collect, socketClient } from './gateway-sockets.fixture.js';
import { testGateway, type TestGateway } from './gateway.fixture.js';
import { at, story } from './runs/run-story.fixture.js';

interface RunEventItem {
  readonly cursor: string;
  readonly event: { readonly id: string; readonly type: string };
}
interface Entry {
  readonly __typename: string;
  readonly id: string;
  readonly seq: string;
  readonly text?: string;
  readonly streamed?: string;
  readonly state?: string;
  readonly output?: string | null;
  readonly name?: string;
}
interface Segment {
  readonly cursor: string;
  readonly caughtUp: boolean;
  readonly entries: readonly Entry[];
}

const RUN_EVENTS =
  'subscription ($run: ID!, $after: Position) { runEvents(runId: $run, after: $after) { ... on RunEvent { cursor event { id type } } } }';
const TRANSCRIPT = `subscription ($run: ID!, $after: Position, $step: String) { transcript(runId: $run, after: $after, step: $step) {
  ... on TranscriptSegment { cursor caughtUp entries { __typename id seq
    ... on TextEntry { text } ... on ThinkingEntry { text } ... on ToolEntry { name streamed state output } } } } }`;
const PAGE = `query ($run: ID!, $after: String) { run(id: $run) { transcript(first: 3, after: $after) {
  nodes { __typename id seq ... on TextEntry { text } ... on ThinkingEntry { text } ... on ToolEntry { name streamed state output } }
  pageInfo { hasNextPage endCursor } } } }`;

const place = (runId: string, step = 'build') => ({ attemptId: attemptId(runId, step, 1), runId, step, attempt: 1 });

/** A conversation with text in pieces, a call with output, and an error. */
function conversation(runId: string): readonly DomainEvent[] {
  const here = place(runId);
  const call = { ...here, callId: 'call_1', tool: 'bash' };
  return [
    AgentThinking({ ...here, entryId: 'e1', text: 'Let me ', at: at(1) }),
    AgentThinking({ ...here, entryId: 'e1', text: 'think.', at: at(2) }),
    AgentText({ ...here, entryId: 'e2', text: 'I run it', at: at(3) }),
    ToolCallStarted({ ...call, arguments: { command: 'make' }, at: at(4) }),
    ToolOutput({ ...here, callId: 'call_1', channel: 'stdout', text: 'one\n', at: at(5) }),
    AgentText({ ...here, entryId: 'e2', text: ' now.', at: at(5) }),
    ToolOutput({ ...here, callId: 'call_1', channel: 'stderr', text: 'two\u0000\n', at: at(6) }),
    ToolCallEnded({ ...call, state: 'ok', output: 'one\ntwo\n', exitCode: 0, durationMs: 900, at: at(7) }),
    ErrorRecorded({ ...here, entryId: 'e3', error: { code: 'X', message: 'Odd.', stack: 'at secret' }, at: at(8) }),
  ];
}

/** What a client holds after it received these segments, by the rule that the schema states. */
function held(segments: readonly Segment[]): readonly Entry[] {
  const entries = new Map<string, Entry>();
  for (const entry of segments.flatMap(segment => segment.entries)) {
    const known = entries.get(entry.id);
    entries.set(entry.id, {
      ...entry,
      ...(entry.text !== undefined && { text: (known?.text ?? '') + entry.text }),
      ...(entry.streamed !== undefined && { streamed: (known?.streamed ?? '') + entry.streamed }),
    });
  }
  return [...entries.values()].sort((a, b) => (a.seq < b.seq ? -1 : 1));
}

describe('subscriptions', () => {
  let gateway: TestGateway;
  let token: string;
  let runNumber = 0;

  beforeAll(async () => {
    gateway = await testGateway();
    token = await gateway.tokenFor('ws_acme', 'mem_ada');
  });
  afterAll(() => gateway.close());

  const newRun = async (...events: readonly DomainEvent[]) => {
    const runId = `run_0198f3a0-0000-7000-8000-1000000000${10 + (runNumber += 1)}`;
    const stream = `run-${runId.slice(4)}`;
    await gateway.tell({ workspaceId: 'ws_acme', stream, runId }, story(runId).started(), ...events);
    return { runId, place: { workspaceId: 'ws_acme', stream: `attempt-${runId.slice(4)}.build.1`, runId } };
  };

  it('deliver each event once however often the client comes back, while others keep writing (G1)', async () => {
    const { runId } = await newRun();
    const wanted = 150;
    const writers = [1, 2, 3].map(async writer => {
      for (let count = 0; count < 50; count += 1) {
        const { type, data } = AgentText({ ...place(runId), entryId: `w${writer}`, text: `${count} `, at: at(1) });
        const metadata = {
          correlationId: runId,
          causationId: 'x',
          actor: { kind: 'system', id: 'x' },
          workspaceId: 'ws_acme',
          occurredAt: at(1),
          schemaVersion: 1,
        } as const;
        await gateway.store.append(
          { tenant: 'ws_acme', name: `attempt-${runId}.w${writer}` },
          [{ id: newUuid(), type, data, metadata }],
          'any',
        );
      }
    });
    const received: RunEventItem[] = [];
    while (received.length < wanted + 1) {
      const client = socketClient(gateway.url, token);
      const after = received.at(-1)?.cursor;
      const some = 1 + (received.length % 17);
      const { items, errors } = await collect<RunEventItem>(
        client,
        RUN_EVENTS,
        { run: runId, after },
        all => all.length >= some || received.length + all.length > wanted,
      );
      expect(errors).toEqual([]);
      received.push(...items);
      await client.dispose();
    }
    await Promise.all(writers);
    const { events } = await gateway.store.readAll({ tenant: 'ws_acme', correlationId: runId, after: 0n, limit: 500 });
    expect(received.map(item => item.event.id)).toEqual(events.map(event => event.id));
  });

  it('resume a transcript at any place and hold in the end what the pages show', async () => {
    const { runId, place: attempt } = await newRun();
    const said = conversation(runId);
    await gateway.tell(attempt, ...said);
    const { events } = await gateway.store.readAll({ tenant: 'ws_acme', correlationId: runId, after: 0n });
    const paged: Entry[] = [];
    for (let after: string | undefined; ;) {
      const { data } = await gateway.graphql(token, PAGE, { run: runId, after });
      paged.push(...(data.run.transcript.nodes as Entry[]));
      if (!data.run.transcript.pageInfo.hasNextPage) break;
      after = String(data.run.transcript.pageInfo.endCursor);
    }
    expect(
      paged.map(({ __typename, text, streamed, state, output }) => ({ __typename, text, streamed, state, output })),
    ).toEqual([
      { __typename: 'ThinkingEntry', text: 'Let me think.' },
      { __typename: 'TextEntry', text: 'I run it now.' },
      { __typename: 'ToolEntry', streamed: 'one\ntwo\ufffd\n', state: 'OK', output: 'one\ntwo\n' },
      { __typename: 'ErrorEntry' },
    ]);

    const client = socketClient(gateway.url, token);
    for (const { position } of events) {
      const cut = position.toString().padStart(19, '0');
      const before = await collect<Segment>(client, TRANSCRIPT, { run: runId }, all => all.at(-1)?.caughtUp === true);
      const earlier = before.items.map(segment => ({
        ...segment,
        entries: segment.entries.filter(entry => BigInt(entry.seq) > 0n),
      }));
      expect(held(earlier).map(entry => entry.text ?? entry.streamed)).toEqual([
        'Let me think.',
        'I run it now.',
        'one\ntwo\u0000\n',
        undefined,
      ]);
      const rest = await collect<Segment>(
        client,
        TRANSCRIPT,
        { run: runId, after: cut },
        all => all.at(-1)?.caughtUp === true,
      );
      const fresh = said.slice(events.filter(event => event.position <= position).length - 1);
      const texts = fresh.flatMap(event =>
        'text' in (event.data as object) ? [(event.data as { text: string }).text] : [],
      );
      const delivered = rest.items.flatMap(item => item.entries).map(entry => entry.text ?? entry.streamed ?? '');
      expect(delivered.join('').length).toBe(texts.join('').length);
      const tool = rest.items.flatMap(item => item.entries).find(entry => entry.__typename === 'ToolEntry');
      if (tool) expect(tool).toMatchObject({ name: 'bash', state: 'OK', output: 'one\ntwo\n' });
    }
    await client.dispose();
  });

  it('follow what is said live, for one step when asked', async () => {
    const { runId, place: attempt } = await newRun();
    const client = socketClient(gateway.url, token);
    const live = collect<Segment>(client, TRANSCRIPT, { run: runId, step: 'build' }, all =>
      all.some(one => one.entries.length > 0),
    );
    const other = AgentText({ ...place(runId, 'lint'), entryId: 'e9', text: 'elsewhere', at: at(1) });
    await gateway.tell(attempt, other);
    await gateway.tell(attempt, AgentText({ ...place(runId), entryId: 'e1', text: 'here', at: at(2) }));
    expect(held((await live).items).map(entry => entry.text)).toEqual(['here']);
    await client.dispose();
  });

  it('refuse cursors that are no text, runs of others and tokens that are worth nothing', async () => {
    const { runId } = await newRun();
    const client = socketClient(gateway.url, token);
    const { errors: notText } = await collect(client, RUN_EVENTS, { run: runId, after: 7 }, () => true);
    expect(notText[0]?.extensions?.['code']).toMatch(/BAD_USER_INPUT/);
    await client.dispose();

    const stranger = socketClient(gateway.url, await gateway.tokenFor('ws_other', 'mem_eve'));
    for (const query of [RUN_EVENTS, TRANSCRIPT]) {
      const { items, errors } = await collect(stranger, query, { run: runId }, () => true);
      expect([items, errors[0]?.extensions?.['code']]).toEqual([[], 'NOT_FOUND']);
    }
    await stranger.dispose();

    const expired = await gateway.tokenFor('ws_acme', 'mem_ada', ['flows.read'], '2026-05-01T12:30:00.000Z');
    gateway.clock.advance(3_600_000);
    for (const bad of [undefined, 'rl_x', `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`, expired]) {
      const refused = socketClient(gateway.url, bad);
      await expect(collect(refused, RUN_EVENTS, { run: runId }, () => true)).rejects.toMatchObject({ code: 4403 });
      await refused.dispose();
    }
    const poor = socketClient(gateway.url, await gateway.tokenFor('ws_acme', 'mem_ada', ['billing.read']));
    const { errors } = await collect(poor, RUN_EVENTS, { run: runId }, () => true);
    expect(errors[0]?.extensions?.['code']).toBe('FORBIDDEN');
    await poor.dispose();
  });

  it('hold operations to the limits that hold over HTTP', async () => {
    const client = socketClient(gateway.url, token);
    const aliases = Array.from({ length: 40 }, (_, index) => `a${index}: viewer { plan: member { id } }`).join(' ');
    const { errors } = await collect(client, `{ ${aliases} }`, {}, () => true);
    expect(errors[0]?.message).toContain('Aliases limit');
    const tokens = await collect(client, `{ ${'viewer { scopes } '.repeat(1_000)} }`, {}, () => true);
    expect(tokens.errors[0]?.message).toContain('2000 tokens');
    await client.dispose();
  });

  it('end when their token is revoked', async () => {
    const { runId, place: attempt } = await newRun();
    const answer = await gateway.graphql(
      token,
      'mutation { createToken(input: { name: "short", scopes: [FLOWS_READ] }) { ... on IssuedToken { secret token { id } } } }',
    );
    const { secret, token: short } = answer.data.createToken as { secret: string; token: { id: string } };
    const client = socketClient(gateway.url, secret);
    let follows = false;
    const stream = collect<Segment>(client, TRANSCRIPT, { run: runId }, () => ((follows = true), false));
    await eventually(() => follows); // it has heard that nothing was said yet
    await gateway.graphql(token, 'mutation ($id: ID!) { revokeToken(id: $id) { __typename } }', { id: short.id });
    gateway.clock.advance(5_000);
    await gateway.tell(attempt, AgentText({ ...place(runId), entryId: 'e1', text: 'secret', at: at(2) }));
    const { items, errors } = await stream;
    expect(items.flatMap(item => item.entries)).toEqual([]);
    expect(errors[0]?.extensions?.['code']).toBe('UNAUTHENTICATED');
    await client.dispose();
  });

  it('do not hold up the end of the server: clients are told to go and come back (1001)', async () => {
    const ending = await testGateway();
    const client = socketClient(ending.url, await ending.tokenFor('ws_acme', 'mem_ada'));
    const runId = 'run_0198f3a0-0000-7000-8000-200000000000';
    await ending.tell({ workspaceId: 'ws_acme', stream: 'run-ending', runId }, story(runId).started());
    const stream = collect(client, RUN_EVENTS, { run: runId }, () => false);
    const closed = expect(stream).rejects.toMatchObject({ code: 1001 });
    await new Promise(resolve => client.on('message', resolve));
    const begun = performance.now();
    await ending.close();
    await closed;
    expect(performance.now() - begun).toBeLessThan(20_000);
  });
});
