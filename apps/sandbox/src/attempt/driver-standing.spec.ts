import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localDrivers } from '../driver/local-drivers.js';
import { RunSandboxes } from './run-sandboxes.js';

describe('the drivers of a sandbox service', () => {
  const homeDir = mkdtempSync(join(tmpdir(), 'runledger-drivers-'));
  const drivers = localDrivers(homeDir, {
    ...{ mountSources: [], privateNetworks: [], allowProcessIsolation: false },
    docker: { socketPath: join(homeDir, 'none.sock'), pull: 'never' },
  });
  const sandboxes = new RunSandboxes(Object.values(drivers));
  afterAll(() => rmSync(homeDir, { recursive: true }));

  it('are proven at the start where they need an engine, and say what is wrong with it', async () => {
    const unfit = await sandboxes.proveEngines();
    expect(unfit).toMatchObject([{ driver: 'docker', error: { code: 'SANDBOX_UNAVAILABLE' } }]);
    const [bubblewrap, docker] = sandboxes.described();
    expect(bubblewrap).toMatchObject({ name: 'bubblewrap', state: 'UNPROVEN', limits: { network: 'hard' } });
    expect(docker).toMatchObject({ name: 'docker', state: 'UNAVAILABLE', limits: { workspaceBytes: 'soft' } });
    expect(docker?.problem).toContain('no Docker Engine answers at');
  });
});
