import { ToolCallEnded, ToolCallStarted } from '@runledger/contracts';
import { attemptId } from '@runledger/kernel';
import { testGateway, type TestGateway } from '../gateway.fixture.js';
import { at, story } from '../runs/run-story.fixture.js';

const RUN = 'run_00000000-0000-7000-8000-0000000010e6';
const OUTPUTS = `{ run(id: "${RUN}") { transcript { nodes { ... on ToolEntry { output outputBytes outputUrl } } } } }`;

describe('what a tool put out that is too long for the transcript', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway();
  });
  afterAll(() => gateway.close());

  it('is given out whole, to those who may read the run, and as a download that no browser runs', async () => {
    const token = await gateway.tokenFor('ws_acme', 'mem_ada');
    const stranger = await gateway.tokenFor('ws_other', 'mem_eve');
    const place = { attemptId: attemptId(RUN, 'build', 1), runId: RUN, step: 'build', attempt: 1 };
    const call = { ...place, tool: 'bash', at: at(1) };
    const outputBlob = await gateway.blobs.put(Buffer.from('<b>beginning, middle and end</b>'));
    await gateway.tell(
      { workspaceId: 'ws_acme', stream: 'run-long', runId: RUN },
      story(RUN).started(),
      ...['short', 'long'].map(callId => ToolCallStarted({ ...call, callId, arguments: {} })),
      ToolCallEnded({ ...call, callId: 'short', state: 'ok', output: 'all of it', durationMs: 1 }),
      ToolCallEnded({ ...call, callId: 'long', state: 'ok', output: 'beginning … end', outputBlob, durationMs: 1 }),
    );
    const { data } = await gateway.graphql(token, OUTPUTS);
    const [short, long] = data.run.transcript.nodes as [{ outputUrl: null }, { outputUrl: string }];
    expect(short).toEqual({ output: 'all of it', outputBytes: null, outputUrl: null });
    expect(long).toMatchObject({ output: 'beginning … end', outputBytes: '32' });
    const get = (url: string, as: string) => fetch(gateway.url + url, { headers: { authorization: `Bearer ${as}` } });
    const whole = await get(long.outputUrl, token);
    expect(await whole.text()).toBe('<b>beginning, middle and end</b>');
    expect(Object.fromEntries(whole.headers)).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-disposition': "attachment; filename*=UTF-8''build-long.txt",
    });
    expect((await get(long.outputUrl, stranger)).status).toBe(404);
    expect((await get(long.outputUrl.replace('long', 'short'), token)).status).toBe(404);
  });
});
