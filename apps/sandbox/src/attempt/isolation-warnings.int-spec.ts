import { join } from 'node:path';
import { testProfile } from '../driver/sandbox.fixture.js';
import { Ground, newRunId } from './ground.fixture.js';

describe('a service on a machine where a driver cannot be used', () => {
  let ground: Ground;
  const warned: object[] = [];
  beforeAll(async () => {
    ground = await Ground.make();
    const told = (fields: object, message: string): unknown => warned.push({ ...fields, message });
    ground.log = { info: () => undefined, warn: told, error: () => undefined };
    await ground.publishProfile(testProfile());
    await ground.publishProfile(testProfile({ slug: 'contained', isolation: 'docker', image: 'any' }));
    await ground.wiredService({ docker: { socketPath: join(ground.directory, 'none.sock'), pull: 'never' } });
  });
  afterAll(() => ground.giveBack());

  const end = async (profile: string, run = 'true') => {
    const ready = await ground.ready({ runId: newRunId(), profile, command: { run } });
    return { ready, ended: await ground.end(ready) };
  };

  it('tells the operator of the step that is blocked by it, and not of each other one', async () => {
    const { ready, ended } = await end('contained');
    expect(ended).toMatchObject({ outcome: 'BLOCKED', error: { code: 'SANDBOX_UNAVAILABLE' } });
    expect(warned).toEqual([
      {
        ...{ runId: ready.runId, step: 'work', profile: 'contained', driver: 'docker', steps: 1 },
        cause: ended.error?.message,
        message: 'A step has no sandbox and is blocked: untrusted work cannot be isolated here.',
      },
    ]);
    expect(ended.error?.message).toContain('no Docker Engine answers at');
    expect((await end('contained')).ended).toMatchObject({ outcome: 'BLOCKED' });
    expect(warned).toHaveLength(1);
  });

  it('has nothing to tell of steps that have their sandbox, however they end', async () => {
    const before = warned.length;
    expect((await end('test', 'exit 3')).ended).toMatchObject({ outcome: 'ERROR' });
    expect((await end('test')).ended).toMatchObject({ outcome: 'SUCCESS' });
    expect(warned).toHaveLength(before);
  });
});
