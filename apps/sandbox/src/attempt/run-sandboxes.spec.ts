import type { Sandbox, SandboxDriver } from '../driver/sandbox-driver.js';
import { LeftBehindError } from '../driver/sandbox-faults.js';
import { testProfile } from '../driver/sandbox.fixture.js';
import { RunSandboxes } from './run-sandboxes.js';

describe('a sweep by several drivers', () => {
  const sandbox = { fresh: false } as Sandbox;
  const driverOf = (sweep: () => Promise<void>): SandboxDriver =>
    ({ sweep, selfTest: () => Promise.resolve(), open: () => Promise.resolve(sandbox) }) as unknown as SandboxDriver;
  const none = () => Promise.resolve(new Set<string>());
  const request = { workspaceId: 'ws', runId: 'run_1', profile: testProfile() };
  const away = (engine: string) => driverOf(() => Promise.reject(new Error(`${engine} is away`)));

  it('keeps sandboxes closed until all are done, although one has failed', async () => {
    let isSwept = (): void => undefined;
    const slow = driverOf(() => new Promise(resolve => (isSwept = resolve)));
    const sandboxes = new RunSandboxes([away('docker'), slow]);
    const sweep = sandboxes.sweep(none).catch((error: unknown) => error);
    let isOpen = false;
    const opened = sandboxes.open(slow, request, () => Promise.resolve()).then(() => (isOpen = true));
    await new Promise(resolve => setTimeout(resolve, 50));
    expect(isOpen).toBe(false);
    isSwept();
    expect(await sweep).toMatchObject({ message: 'docker is away' });
    await opened;
  });

  it('tells of each that has failed', async () => {
    const sandboxes = new RunSandboxes([away('docker'), away('kubernetes'), driverOf(() => Promise.resolve())]);
    await expect(sandboxes.sweep(none)).rejects.toMatchObject({
      errors: [{ message: 'docker is away' }, { message: 'kubernetes is away' }],
    });
  });

  it('tells together of what several could not remove, which holds up no other run (R4)', async () => {
    const leaving = (runId: string) =>
      driverOf(() => Promise.reject(new LeftBehindError([[runId, new Error('It does not go.')]])));
    const sandboxes = new RunSandboxes([leaving('run_1'), leaving('run_2')]);
    await expect(sandboxes.sweep(none)).rejects.toMatchObject({
      code: 'LEFT_BEHIND',
      fields: { runs: ['run_1', 'run_2'] },
      message: expect.stringContaining('run_1: It does not go. run_2: It does not go.') as string,
    });
  });
});
