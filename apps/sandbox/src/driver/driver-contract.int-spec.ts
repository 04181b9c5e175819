import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ForkServer } from '../forking/fork-server.js';
import { BubblewrapDriver } from './bubblewrap-driver.js';
import { describeSandboxDriver } from './driver-contract.fixture.js';
import { ProcessDriver } from './process-driver.js';
import type { SandboxDriver } from './sandbox-driver.js';

const forks = new ForkServer();
const world = (isolation: 'bubblewrap' | 'none', make: (homeDir: string) => SandboxDriver) => () => {
  const base = mkdtempSync(join(tmpdir(), 'runledger-contract-'));
  const again = () => make(join(base, 'home'));
  const end = () => Promise.resolve(rmSync(base, { recursive: true, force: true }));
  return Promise.resolve({ driver: again(), profile: { isolation }, again, end });
};

describeSandboxDriver(
  'bubblewrap',
  world('bubblewrap', homeDir => new BubblewrapDriver({ homeDir })),
);
describeSandboxDriver(
  'forked-bubblewrap',
  world('bubblewrap', homeDir => new BubblewrapDriver({ homeDir, forks })),
);
describeSandboxDriver(
  'forked-process',
  world('none', homeDir => new ProcessDriver({ homeDir, allowed: true, forks })),
);
