import {
  DecideDocument,
  RunChangedDocument,
  RunDocument,
  RunEventsDocument,
  RunledgerClient,
  RunledgerError,
  RunsDocument,
  TranscriptDocument,
  ViewerDocument,
  withSegment,
  type TranscriptView,
} from '@runledger/client';
import { AgentText, ToolCallEnded, ToolCallStarted, ToolOutput } from '@runledger/contracts';
import { attemptId } from '@runledger/kernel';
import { testWire } from '@runledger/testing';
import type { DataSource } from 'typeorm';
import { READ_MODEL_SOURCE } from './reads/read-model-source.js';
import { flakyWay, type FlakyWay } from './flaky-way.fixture.js';
import { testGateway, type TestGateway } from './gateway.fixture.js';
import { at, published, story, upToTheGate } from './runs/run-story.fixture.js';

const RUN = 'run_0198f3a0-0000-7000-8000-000000000001';

describe('the client package', () => {
  let gateway: TestGateway;
  let way: FlakyWay;
  let client: RunledgerClient;
  const problems: string[] = [];

  beforeAll(async () => {
    gateway = await testGateway();
    way = await flakyWay(gateway.url);
    const token = await gateway.tokenFor('ws_acme', 'mem_ada');
    await gateway.tell({ workspaceId: 'ws_acme', stream: 'flow-release' }, published());
    await gateway.tell({ workspaceId: 'ws_acme', stream: 'run-1', runId: RUN }, ...upToTheGate(RUN));
    client = new RunledgerClient({
      url: way.url,
      token: () => Promise.resolve(token),
      onProblem: ({ code }) => problems.push(code),
    });
  });
  afterAll(async () => {
    await way.close();
    await gateway.close();
  });

  it('asks with types, for now and for a moment of the past', async () => {
    const { runs } = await client.request(RunsDocument, { filter: { status: ['PAUSED'] }, first: 10 });
    expect(runs.nodes.map(({ id, flow }) => [id, flow.slug])).toEqual([[RUN, 'release']]);
    const { run } = await client.request(RunDocument, { id: RUN });
    expect(run?.timeline.map(({ key, state }) => [key, state])).toEqual([
      ['build', 'COMPLETED'],
      ['lint', 'COMPLETED'],
      ['deploy', 'WAITING'],
    ]);
    const { events } = await gateway.store.readAll({ tenant: 'ws_acme', correlationId: RUN, after: 0n, limit: 1 });
    const asOf = String(events[0]?.position).padStart(19, '0');
    expect((await client.request(RunDocument, { id: RUN, asOf })).run?.status).toBe('PENDING');
  });

  it('asks the database at most eight times for the page of a run, and for a page of runs', async () => {
    const rows = gateway.app.get<DataSource>(READ_MODEL_SOURCE, { strict: false });
    const statementsFor = async (asked: () => Promise<unknown>): Promise<readonly string[]> => {
      const heard: string[] = [];
      const { logger } = rows;
      rows.setOptions({ logger: { ...logger, logQuery: statement => heard.push(statement) }, logging: ['query'] });
      await asked().finally(() => rows.setOptions({ logger }));
      // The read models ask for nothing while nothing happens.
      return heard.filter(statement => /^\s*(select|with)/i.test(statement));
    };
    const page = await statementsFor(() => client.request(RunDocument, { id: RUN }));
    const list = await statementsFor(() => client.request(RunsDocument, { first: 50 }));
    expect(page.length).toBeGreaterThan(0);
    expect(page.length).toBeLessThanOrEqual(8);
    expect(list.length).toBeLessThanOrEqual(8);
  });

  it('throws what the API says is wrong, with what to do about it', async () => {
    const stranger = new RunledgerClient({ url: way.url, token: 'rl_nobody' });
    await expect(stranger.request(ViewerDocument, {})).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      more: { fix: expect.stringContaining('Bearer') as string },
    });
    await expect(client.request(RunDocument, { id: 'run_nobody' })).rejects.toBeInstanceOf(RunledgerError);
    const watching = stranger.subscribe(RunEventsDocument, { runId: RUN });
    await expect(watching.next()).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      more: { fix: expect.stringContaining('valid API token') as string },
    });
  });

  it('asks a query again while the platform is away, and sends a mutation once', async () => {
    let asked = 0;
    const away = new RunledgerClient({
      url: way.url,
      token: 'rl_any',
      retries: 2,
      fetch: () => {
        asked += 1;
        return Promise.resolve(new Response('<h1>Bad gateway</h1>', { status: 502 }));
      },
    });
    const input = { requestId: story(RUN).requestId, decision: 'APPROVE' as const };
    await expect(away.request(DecideDocument, { input })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(asked).toBe(1);
    await expect(away.request(ViewerDocument, {})).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(asked).toBe(1 + 3);
  });

  it('says what may be wrong when nobody answers: in a browser it may be the origin of the page', async () => {
    const unheard = () =>
      new RunledgerClient({
        url: 'http://127.0.0.1:1',
        token: 'rl_any',
        fetch: () => Promise.reject(new TypeError('fetch failed')),
      });
    const input = { requestId: story(RUN).requestId, decision: 'APPROVE' as const };
    const problem = () => unheard().request(DecideDocument, { input });
    const fix = 'Look whether the platform runs at this address';
    await expect(problem()).rejects.toMatchObject({ code: 'CONNECTION_LOST', more: { fix: `${fix}.` } });
    Object.assign(globalThis, { location: { origin: 'https://app.example.org' } });
    try {
      const named = `${fix}, and whether its CORS_ORIGINS names https://app.example.org.`;
      await expect(problem()).rejects.toMatchObject({ more: { fix: named } });
    } finally {
      Reflect.deleteProperty(globalThis, 'location');
    }
  });

  it('says so of a subscription as well, which goes on trying', async () => {
    const ending = new AbortController();
    const heard: RunledgerError[] = [];
    const onProblem = (problem: RunledgerError) => {
      heard.push(problem);
      if (heard.length === 2) ending.abort();
    };
    const unheard = new RunledgerClient({ url: 'http://127.0.0.1:1', token: 'rl_any', onProblem });
    expect((await unheard.subscribe(RunEventsDocument, { runId: RUN }, ending).next()).done).toBe(true);
    const message = 'ws://127.0.0.1:1/graphql cannot be reached.';
    const more = { fix: 'Look whether the platform runs at this address.' };
    expect(heard).toMatchObject([
      { code: 'CONNECTION_LOST', message, more },
      { message, more },
    ]);
  });

  it('goes on behind the last item however often the connection is cut: no gap, no repeat', async () => {
    const stream = 'attempt-1.build.1';
    const place = { attemptId: attemptId(RUN, 'build', 1), runId: RUN, step: 'build', attempt: 1 };
    const ending = new AbortController();
    const writing = (async () => {
      for (let n = 0; n < 60; n += 1) {
        const text = AgentText({ ...place, entryId: `e${n % 3}`, text: `${n} `, at: at(30) });
        await gateway.tell({ workspaceId: 'ws_acme', stream, runId: RUN }, text);
        if (n % 7 === 3) way.cut();
      }
    })();
    const seen: string[] = [];
    for await (const { runEvents } of client.subscribe(RunEventsDocument, { runId: RUN }, ending)) {
      seen.push(runEvents.event.id);
      if (seen.length === upToTheGate(RUN).length + 60) break;
    }
    await writing;
    const { events } = await gateway.store.readAll({ tenant: 'ws_acme', correlationId: RUN, after: 0n, limit: 500 });
    expect(seen).toEqual(events.map(({ id }) => id));
    expect(problems).toContain('CONNECTION_LOST');
  });

  it('sees the one event that comes after its gateway was gone without a word', async () => {
    const wire = await testWire(gateway.url);
    const told: string[] = [];
    const distant = new RunledgerClient({
      url: wire.url,
      token: await gateway.tokenFor('ws_acme', 'mem_ada'),
      silenceMs: 2_000, // on a busy machine a sign of life takes its time
      onProblem: ({ code }) => told.push(code),
    });
    const items = distant.subscribe(RunEventsDocument, { runId: RUN });
    const known = await gateway.store.readAll({ tenant: 'ws_acme', correlationId: RUN, after: 0n, limit: 500 });
    for (const { id } of known.events) expect((await items.next()).value?.runEvents.event.id).toBe(id);
    const next = items.next();
    await new Promise(resolve => setTimeout(resolve, 5_000)); // signs of life come and go
    expect(told).toEqual([]);
    wire.fallSilent();
    const place = { attemptId: attemptId(RUN, 'build', 1), runId: RUN, step: 'build', attempt: 1 };
    const text = AgentText({ ...place, entryId: 'e9', text: 'after it', at: at(30) });
    await gateway.tell({ workspaceId: 'ws_acme', stream: 'attempt-1.build.1', runId: RUN }, text);
    expect((await next).value?.runEvents.event.type).toBe('AgentText');
    expect(told).toEqual(['CONNECTION_LOST']);
    await items.return();
    await wire.close();
  });

  it('holds a transcript as the platform shows it', async () => {
    const stream = 'attempt-1.build.1';
    const place = { attemptId: attemptId(RUN, 'build', 1), runId: RUN, step: 'build', attempt: 1 };
    const call = { ...place, callId: 'c1', at: at(31) };
    await gateway.tell(
      { workspaceId: 'ws_acme', stream, runId: RUN },
      ToolCallStarted({ ...call, tool: 'bash', arguments: { command: 'make' } }),
      ToolOutput({ ...call, channel: 'stdout', text: 'cc -o app\n' }),
    );
    let held: TranscriptView = [];
    let told = false;
    for await (const { transcript } of client.subscribe(TranscriptDocument, { runId: RUN })) {
      held = withSegment(held, transcript.entries);
      if (held.some(entry => entry.__typename === 'ToolEntry' && entry.state === 'OK')) break;
      if (told || !transcript.caughtUp) continue;
      told = true;
      const ended = ToolCallEnded({ ...call, tool: 'bash', state: 'ok', output: 'cc -o app\n', durationMs: 9 });
      const more = ToolOutput({ ...call, channel: 'stdout', text: 'done\n' });
      await gateway.tell({ workspaceId: 'ws_acme', stream, runId: RUN }, more);
      await gateway.tell({ workspaceId: 'ws_acme', stream, runId: RUN }, ended);
    }
    const texts = held.map(entry => ('text' in entry ? entry.text : 'streamed' in entry ? entry.streamed : ''));
    expect(texts[0]?.split(' ').slice(0, 4)).toEqual(['0', '3', '6', '9']);
    expect(texts.at(-1)).toBe('cc -o app\ndone\n');
  });

  it('ends a subscription when it is told to, or when the loop is left', async () => {
    const ending = new AbortController();
    const items = client.subscribe(RunChangedDocument, { runId: RUN }, ending);
    expect((await items.next()).value?.runChanged).toMatchObject({ fits: true, run: { status: 'PAUSED' } });
    const next = items.next();
    ending.abort();
    expect(await next).toEqual({ done: true, value: undefined });
  });
});
