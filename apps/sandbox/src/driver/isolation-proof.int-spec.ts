import { proveIsolation } from './isolation-proof.js';
import { SandboxGround } from './sandbox.fixture.js';
import type { Sandbox, SandboxDriver } from './sandbox-driver.js';

/** Whose calls have no time at all. */
function hurried(driver: SandboxDriver): SandboxDriver {
  const open: SandboxDriver['open'] = async spec => {
    const sandbox = await driver.open(spec);
    const exec: Sandbox['exec'] = request => sandbox.exec({ ...request, timeoutMs: 1 });
    return Object.assign(Object.create(sandbox) as Sandbox, { exec, release: () => sandbox.release() });
  };
  return Object.assign(Object.create(driver) as SandboxDriver, { open });
}

describe('the proof that a sandbox isolates', () => {
  const ground = new SandboxGround();
  afterAll(() => ground.giveBack());

  it('is to be made again where the machine was too slow for it', async () => {
    await expect(proveIsolation(hurried(ground.driver))).rejects.toMatchObject({ code: 'SANDBOX_STALLED' });
    expect(ground.driver.capabilities().network).toBe('hard');
    await proveIsolation(ground.driver);
  });
});
