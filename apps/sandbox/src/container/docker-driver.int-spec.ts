import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeSandboxDriver } from '../driver/driver-contract.fixture.js';
import { DockerDriver } from './docker-driver.js';
import { DockerGround, noDocker, TEST_IMAGE } from './docker.fixture.js';

const reason = noDocker();

if (reason !== undefined) {
  it.skip(`the docker driver is not tested here: ${reason}`, () => undefined);
} else {
  let ground: DockerGround;
  beforeAll(async () => void (ground = await DockerGround.start()));
  afterAll(() => ground?.stop());

  describeSandboxDriver('docker', () => {
    const base = mkdtempSync(join(tmpdir(), 'runledger-docker-'));
    const again = () => new DockerDriver({ homeDir: join(base, 'home'), socketPath: ground.socketPath, pull: 'never' });
    const end = () => Promise.resolve(rmSync(base, { recursive: true, force: true }));
    return Promise.resolve({ driver: again(), profile: { isolation: 'docker', image: TEST_IMAGE }, again, end });
  });
}
