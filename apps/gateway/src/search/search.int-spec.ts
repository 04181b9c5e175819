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
import type { RecordedEvent } from '@runledger/event-store';
import { attemptId, streamOf, type DomainEvent } from '@runledger/kernel';
import fc from 'fast-check';
import type { DataSource } from 'typeorm';
import { testGateway, type TestGateway } from '../gateway.fixture.js';
import { READ_MODEL_SOURCE } from '../reads/read-model-source.js';
import { at, BY, published, story } from '../runs/run-story.fixture.js';
import { questionOf } from './question.js';
import { searchProjection } from './search.projection.js';
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

function recorded({ type, data }: DomainEvent, n: number): RecordedEvent {
  const correlationId = 'run_0198f3a0-0000-7000-8000-500000000009';
  const metadata = { correlationId, causationId: 'test', occurredAt: at(1), schemaVersion: 1 };
  return {
    ...{ id: `event-${n}`, type, data, tenant: 'ws_acme', stream: 'attempt-x', category: 'attempt', revision: n },
    ...{ position: BigInt(1_000 + n), recordedAt: at(1), metadata: metadata as RecordedEvent['metadata'] },
  };
}

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

  it('finds an answer that came in pieces, from batch to batch and through its parts', async () => {
    const words = Array.from({ length: 4_000 }, (_, n) => `piece${n} `).join('');
    for (let from = 0; from < words.length; from += 6_000) await tell(say(words.slice(from, from + 6_000), 's3', '3'));
    await tell(say('a tall\0 gir', 's3', '3'));
    await tell(say('affe', 's3', '3'));
    expect((await find('"piece7 piece8"')).nodes).toMatchObject([{ kind: 'TEXT', agent: '3' }]);
    expect((await find('giraffe')).nodes).toEqual([]);
    const usage = { kind: 'compute', resourceClass: 'small', milliseconds: 4 } as const;
    await tell(UsageRecorded({ ...place, agent: '3', usageId: 'u3', usage, at: at(6) }));
    const [hit] = (await find('"piece3999 a tall giraffe"')).nodes;
    expect(hit?.snippet).toContain('piece3999 a tall');
    const rows = gateway.app.get<DataSource>(READ_MODEL_SOURCE);
    expect(await rows.query(`SELECT key FROM search_pieces WHERE key LIKE '%/3'`)).toEqual([]);
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

  it('has the same rows however what was said comes in batches', async () => {
    const rows = gateway.app.get<DataSource>(READ_MODEL_SOURCE);
    const place = placeIn('run_0198f3a0-0000-7000-8000-500000000009');
    const words = (agent: string) => (entryId: string, text: string) =>
      AgentText({ ...place, entryId, agent, text, at: at(1) });
    const [one, two] = [words('1'), words('2')];
    const said = 'all that was said '.repeat(500);
    const usage = { kind: 'compute', resourceClass: 'small', milliseconds: 4 } as const;
    const events = [
      ...[one('a', said), two('b', 'short '), one('a', said), one('a', said), two('b', 'and long'), one('c', said)],
      ...[UsageRecorded({ ...place, agent: '2', usageId: 'u', usage, at: at(1) }), one('c', said), two('d', said)],
    ].map((event, n) => recorded(event, n));
    const rowsOf = async (batches: readonly (readonly RecordedEvent[])[]) => {
      const runner = rows.createQueryRunner();
      await runner.startTransaction();
      try {
        for (const batch of batches) await searchProjection.apply(batch, runner.manager);
        const found: object[][] = [];
        for (const table of searchProjection.tables) {
          found.push(await runner.manager.query<object[]>(`SELECT t::text AS row FROM ${table} t ORDER BY 1`));
        }
        return found;
      } finally {
        await runner.rollbackTransaction();
        await runner.release();
      }
    };
    const whole = await rowsOf([events]);
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: events.length - 1 }));
    const sameRows = async (at: readonly number[]) => {
      const ends = [0, ...at.toSorted((a, b) => a - b), events.length];
      const batches = ends.slice(1).map((end, n) => events.slice(ends[n], end));
      expect(await rowsOf(batches)).toEqual(whole);
    };
    await fc.assert(fc.asyncProperty(cuts, sameRows), { numRuns: 30 });
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
