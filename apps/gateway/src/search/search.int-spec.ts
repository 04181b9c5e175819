import {
  AgentText,
  AgentThinking,
  ApprovalDecided,
  AttemptEnded,
  PermissionRequested,
  ToolCallEnded,
  ToolCallStarted,
  UsageRecorded,
  type Json,
} from '@runledger/contracts';
import { attemptId, streamOf, type DomainEvent } from '@runledger/kernel';
import fc from 'fast-check';
import type { DataSource } from 'typeorm';
import { testGateway, type TestGateway } from '../gateway.fixture.js';
import { READ_MODEL_SOURCE } from '../reads/read-model-source.js';
import { at, BY, published, story } from '../runs/run-story.fixture.js';
import { questionOf } from './question.js';
import { wholeTextOf } from './searched-texts.js';
import { putDownTexts } from './text-rows.js';
import { wordsOf } from './words.js';

const SEARCH = `query ($query: String!, $kinds: [SearchKind!], $flow: String, $runId: ID, $range: DateRange, $order: SearchOrder,
  $first: Int, $after: String) {
  search(query: $query, kinds: $kinds, flow: $flow, runId: $runId, range: $range, order: $order, first: $first, after: $after) {
    nodes { run { id } kind at step attempt agent entryId transcriptAfter requestId snippet matches { start end } }
    pageInfo { hasNextPage endCursor } } }`;

interface Hit {
  readonly run: { readonly id: string };
  readonly kind: string;
  readonly entryId: string | null;
  readonly transcriptAfter: string | null;
  readonly snippet: string;
  readonly matches: readonly { readonly start: number; readonly end: number }[];
}

interface Found {
  readonly search: {
    readonly nodes: readonly Hit[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string };
  };
}

const RUN = 'run_0198f3a0-0000-7000-8000-500000000001';
const OTHER = 'run_0198f3a0-0000-7000-8000-500000000002';
const placeIn = (runId: string) => ({ attemptId: attemptId(runId, 'build', 1), runId, step: 'build', attempt: 1 });
const place = placeIn(RUN);
const say = (text: string, entryId: string, agent?: string) =>
  AgentText({ ...place, entryId, text, at: at(1), ...(agent && { agent }) });
const call = (callId: string, command: string) =>
  ToolCallStarted({ ...place, callId, tool: 'bash', arguments: { command }, at: at(2) });
const output = (callId: string, text: string) =>
  ToolCallEnded({ ...place, callId, tool: 'bash', state: 'ok', output: text, durationMs: 5, at: at(3) });

describe('search', () => {
  let gateway: TestGateway;
  let token: string;
  beforeAll(async () => {
    gateway = await testGateway();
    token = await gateway.tokenFor('ws_acme', 'mem_ada');
    for (const workspaceId of ['ws_acme', 'ws_other']) {
      await gateway.tell({ workspaceId, stream: 'flow-release' }, published());
      for (const runId of [RUN, OTHER]) {
        await gateway.tell({ workspaceId, stream: streamOf('run', runId), runId }, story(runId).started());
      }
    }
  });
  afterAll(() => gateway.close());

  const tell = (...events: readonly DomainEvent[]) =>
    gateway.tell({ workspaceId: 'ws_acme', stream: `attempt-${RUN}`, runId: RUN }, ...events);
  const find = async (query: string, more: object = {}, as = token) => {
    const { data, errors } = await gateway.graphql<Found>(as, SEARCH, { query, ...more });
    expect(errors).toBeUndefined();
    return data.search;
  };
  const marks = ({ snippet, matches }: Hit) => matches.map(({ start, end }) => snippet.slice(start, end));

  it('finds what a run was started with, said, called, put out, ended with, and what people decided, each in its place', async () => {
    const { requestId } = story(RUN);
    await tell(
      AgentThinking({ ...place, entryId: 'h1', text: 'Perhaps a quokka hides here.', at: at(1) }),
      say('I look for the quo', 't1'),
      say('kka now.', 't1'),
      call('c1', 'grep -r quokka src/'),
      output('c1', '\u001b[31mquokka\u001b[0m found \0 in src/app.ts'),
      AttemptEnded({
        ...{
          ...place,
          outcome: 'SUCCESS',
          cancelled: false,
          summary: 'The quokka is gone.',
          output: { animal: 'quokka' },
        },
        ...{ turns: 1, elapsedMs: 9, endedAt: at(4) },
      }),
      ApprovalDecided({
        ...{ requestId, runId: RUN, step: 'deploy', kind: 'gate', decision: 'REJECT', how: 'PEOPLE', calls: [] },
        ...{ by: BY, comment: 'Bring the quokka back.', shownHash: 'c'.repeat(64), decidedAt: at(5) },
      }),
    );
    const { nodes } = await find('Quokka');
    const entry = (id: string) => `${place.attemptId}/${id}`;
    expect(new Map(nodes.map(hit => [hit.kind, [hit.entryId, ...marks(hit)]]))).toEqual(
      new Map<string, (string | null)[]>([
        ['DECISION', [null, 'quokka']],
        ['OUTPUT', [null, 'quokka', 'quokka']],
        ['TEXT', [entry('t1'), 'quokka']],
        ['THINKING', [entry('h1'), 'quokka']],
        ['TOOL_CALL', [entry('c1'), 'quokka']],
        ['TOOL_OUTPUT', [entry('c1'), 'quokka']],
      ]),
    );
    expect(nodes[0]).toMatchObject({ kind: expect.stringMatching('DECISION|OUTPUT'), run: { id: RUN } });
    expect((await find('staging ticket')).nodes).toMatchObject([
      { kind: 'INPUT', run: { id: OTHER }, step: null, snippet: 'target: staging\nticket\nOPS-7' },
      { kind: 'INPUT', run: { id: RUN } },
    ]);
  });

  it('leads to the entry: its page of the transcript begins with it', async () => {
    const [hit] = (await find('quokka', { kinds: ['TOOL_OUTPUT'] })).nodes;
    const { data } = await gateway.graphql(
      token,
      'query ($id: ID!, $after: String) { run(id: $id) { transcript(first: 1, after: $after) { nodes { id } } } }',
      { id: RUN, after: hit?.transcriptAfter },
    );
    expect(data.run.transcript.nodes).toEqual([{ id: hit?.entryId }]);
  });

  it('takes an answer for whole when its agent goes on, however it was cut, and each sub-agent’s apart', async () => {
    await tell(
      say('The nar', 's1', '1'),
      say('A wal', 's2', '2'),
      say('whal swims.', 's1', '1'),
      say('rus sleeps.', 's2', '2'),
    );
    expect((await find('narwhal')).nodes).toEqual([]);
    const usage = { kind: 'compute', resourceClass: 'small', milliseconds: 4 } as const;
    await tell(UsageRecorded({ ...place, agent: '1', usageId: 'u1', usage, at: at(6) }));
    expect((await find('narwhal swims')).nodes).toMatchObject([{ kind: 'TEXT', agent: '1' }]);
    expect((await find('walrus')).nodes).toEqual([]);
    const asked = { callId: 'c9', tool: 'bash', arguments: {}, callHash: 'd'.repeat(64), at: at(7) };
    await tell(PermissionRequested({ ...place, agent: '2', ...asked }));
    expect((await find('"walrus sleeps"')).nodes).toMatchObject([{ kind: 'TEXT', agent: '2' }]);
  });

  it('looks through the beginning and the end of what is long, and no further', async () => {
    const long = `opening-chord ${'la '.repeat(40_000)} middle-eight ${'la '.repeat(40_000)} final-cadence`;
    await tell(output('c5', long));
    expect((await find('"opening chord"')).nodes).toHaveLength(1);
    expect((await find('"final cadence"')).nodes).toHaveLength(1);
    expect((await find('"middle eight"')).nodes).toEqual([]);
  });

  it('shows nobody what is another workspace’s, or to whom it is not given to read', async () => {
    const other = await gateway.tokenFor('ws_other', 'mem_mallory');
    expect((await find('quokka', {}, other)).nodes).toEqual([]);
    expect((await find('ws_acme or quokka', { runId: RUN }, other)).nodes).toEqual([]);
    const { endCursor } = (await find('quokka', { first: 1 })).pageInfo;
    const stolen = await gateway.graphql(other, SEARCH, { query: 'quokka', first: 1, after: endCursor });
    expect(stolen.errors?.[0]?.extensions.code).toBe('INVALID_CURSOR');
    const mute = await gateway.tokenFor('ws_mute', 'mem_mute', ['billing.read']);
    expect((await gateway.graphql(mute, SEARCH, { query: 'quokka' })).errors?.[0]?.extensions.code).toBe('FORBIDDEN');
    expect((await gateway.graphql(undefined, SEARCH, { query: 'quokka' })).errors?.[0]?.extensions.code).toBe(
      'UNAUTHENTICATED',
    );
  });

  it('is narrowed to kinds, a run, a flow and a time, and refuses what it cannot answer', async () => {
    expect((await find('quokka', { kinds: ['TEXT', 'THINKING'] })).nodes).toHaveLength(2);
    expect((await find('staging', { runId: OTHER })).nodes).toHaveLength(1);
    expect((await find('staging', { flow: 'release' })).nodes).toHaveLength(2);
    expect((await find('staging', { flow: 'flow_other' })).nodes).toEqual([]);
    expect((await find('quokka', { range: { from: at(4), to: at(5) } })).nodes).toMatchObject([{ kind: 'OUTPUT' }]);
    for (const variables of [
      { query: '' },
      { query: '-quokka' },
      { query: 'x'.repeat(401) },
      { query: 'x', first: 51 },
    ]) {
      expect((await gateway.graphql(token, SEARCH, variables)).errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
    }
  });

  it.each(['RELEVANCE', 'NEWEST'])('is read page by page by %s, undisturbed by what is said meanwhile', async order => {
    const said = Array.from({ length: 7 }, (_, n) =>
      output(`${order}${n}`, `page ${'lemur '.repeat(1 + (n % 3))} ${order}`),
    );
    await tell(...said);
    const all = (await find(`lemur ${order}`, { order })).nodes.map(hit => hit.entryId);
    expect(all).toHaveLength(7);
    const paged: (string | null)[] = [];
    for (let after: string | undefined; ;) {
      const { nodes, pageInfo } = await find(`lemur ${order}`, { order, first: 3, after });
      paged.push(...nodes.map(hit => hit.entryId));
      await tell(output(`${order}new${paged.length}`, `lemur lemur lemur ${order}`));
      if (!pageInfo.hasNextPage) break;
      after = pageInfo.endCursor;
    }
    expect(paged).toEqual(all);
  });

  it('takes any text for text: what looks like syntax finds itself, and markup stays plain', async () => {
    await tell(output('c7', `<script>alert('yak')</script> it's :* & !yak | \\ end`));
    const { nodes } = await find(`<script>alert('yak')`);
    expect(nodes.map(hit => hit.snippet)).toEqual([`<script>alert('yak')</script> it's :* & !yak | \\ end`]);
    expect((await find(`yak' & 'x:* \\`)).nodes).toEqual([]);
  });

  it('is not stopped by a value that is too deep to be looked through', () => {
    const deep = Array.from({ length: 100_000 }).reduce<Json>(value => [value], 'bottom');
    const event = ToolCallStarted({ ...place, callId: 'c1', tool: 'bash', arguments: {}, at: at(2) });
    const said = wholeTextOf({ ...event, data: { ...event.data, arguments: { top: 'quokka', deep } } });
    expect(said?.text).toBe('bash top: quokka\ndeep: …');
  });

  it('puts down any text that there can be, and finds it by each of its words', async () => {
    const rows = gateway.app.get<DataSource>(READ_MODEL_SOURCE);
    const place = { workspaceId: 'ws_any', runId: 'run_any', kind: 'TEXT', at: at(1) } as const;
    let put = 0;
    const found = async (text: string): Promise<boolean> => {
      const position = String((put += 1));
      await rows.transaction(manager => putDownTexts([{ ...place, position, part: 0, text }], manager));
      const words = [...new Set(wordsOf(text).map(({ word }) => word))].slice(0, 8);
      const query = 'SELECT 1 FROM search_texts WHERE position = $1 AND workspace_id = $2 AND words @@ $3::tsquery';
      const tsquery = words.map(word => questionOf(`"${word}"`).tsquery).join(' & ');
      return words.length === 0 || (await rows.query<object[]>(query, [position, 'ws_any', tsquery])).length === 1;
    };
    expect(await found(`a${'𝒜'.repeat(100)} b`)).toBe(true);
    const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 60 }), fc.string({ unit: 'grapheme', maxLength: 60 }));
    await fc.assert(fc.asyncProperty(text, found), { numRuns: 60 });
  });
});
