import { eventually } from '@runledger/testing';
import { readSandboxConfig } from '../sandbox.config.js';
import { newRunId, Ground } from '../attempt/ground.fixture.js';
import { testProfile } from '../driver/sandbox.fixture.js';
import { DockerGround, noDocker, TEST_IMAGE } from './docker.fixture.js';

const reason = noDocker();
const described = reason === undefined ? describe : describe.skip;

described(`a step in a container${reason === undefined ? '' : ` (not tested here: ${reason})`}`, () => {
  let docker: DockerGround;
  let ground: Ground;

  beforeAll(async () => {
    docker = await DockerGround.start();
    ground = await Ground.make();
    const settings = { socketPath: docker.socketPath, pull: 'never' } as const;
    const agents = { ...readSandboxConfig({}).agents, place: 'runner' } as const;
    const runtime = await ground.wiredService({ docker: settings, agents });
    expect(runtime.drivers().map(({ name }) => name)).toContain('docker');
    const slugs = { there: TEST_IMAGE, missing: 'example/none:1' };
    for (const [slug, image] of Object.entries(slugs)) {
      await ground.publishProfile(testProfile({ slug, isolation: 'docker', image }));
    }
  });
  afterAll(async () => {
    await ground.giveBack();
    await docker.stop();
  });

  it('goes its whole way: profile, container, output, files kept for the next step, nothing left', async () => {
    const runId = newRunId();
    const first = await ground.ready({
      runId,
      profile: 'there',
      command: { run: `echo kept > file; echo '{"n":1}' > "$RUNLEDGER_OUTPUT"; echo made` },
    });
    expect(await ground.end(first)).toMatchObject({ outcome: 'SUCCESS', summary: 'made', output: { n: 1 } });
    const second = await ground.ready({ runId, step: 'second', profile: 'there', command: { run: 'cat file' } });
    expect(await ground.end(second)).toMatchObject({ outcome: 'SUCCESS', summary: 'kept' });
    const [started] = await ground.transcript(first);
    expect(started?.data).toMatchObject({ driver: 'docker' });
    await ground.completed(runId);
    await eventually(async () => expect(await docker.client.listContainers({ all: true })).toEqual([]));
  });

  it('is the same place for an agent, who works in a process of its own', async () => {
    const tools = [{ name: 'bash' as const, arguments: { command: 'cat file; echo agent >> file' } }];
    const runId = newRunId();
    const before = { runId, profile: 'there', command: { run: 'echo command > file' } };
    expect(await ground.end(await ground.ready(before))).toMatchObject({ outcome: 'SUCCESS' });
    const script = [{ text: 'I look.', tools }, { text: 'Done.' }];
    const agent = { provider: 'scripted' as const, model: 'm', prompt: 'Look.', script };
    const ready = await ground.ready({ runId, step: 'agent', profile: 'there', agent });
    expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS', turns: 2, summary: 'Done.' });
    const outputs = (await ground.transcript(ready)).flatMap(event =>
      event.type === 'ToolOutput' ? [event.data.text] : [],
    );
    expect(outputs.join('')).toBe('command\n');
    const after = { runId, step: 'after', profile: 'there', command: { run: 'tail -n 1 file' } };
    expect(await ground.end(await ground.ready(after))).toMatchObject({ summary: 'agent' });
  });

  it('is blocked with the command to type when its image is not there', async () => {
    const ready = await ground.ready({ runId: newRunId(), profile: 'missing', command: { run: 'true' } });
    expect(await ground.end(ready)).toMatchObject({
      outcome: 'BLOCKED',
      error: { code: 'IMAGE_UNUSABLE', fix: 'docker pull example/none:1' },
    });
  });
});
