import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { testDatabase } from '@runledger/testing';
import { build, PATIENCE_MS, ROOT } from './platform-process.fixture.js';

const execute = promisify(execFile);

interface Figures {
  readonly items: number;
  readonly cuts: number;
  readonly gaps: number;
  readonly repeats: number;
  readonly disorder: number;
  readonly unfinished: number;
  readonly faults: readonly string[];
}

/** `npm run soak`, small. */
it(
  'every reader of a soak has the log, however often its socket is cut',
  async () => {
    build();
    const database = await testDatabase();
    const size = ['--sockets', '40', '--seconds', '8', '--rate', '60', '--runs', '5', '--cut-every', '1'];
    const args = [join(ROOT, 'scripts', 'soak', 'main.mjs'), '--json', '--database', database.url, ...size];
    try {
      const { stdout } = await execute(process.execPath, args, { timeout: PATIENCE_MS, killSignal: 'SIGTERM' });
      const figures = JSON.parse(stdout) as Figures;
      expect(figures).toMatchObject({ gaps: 0, repeats: 0, disorder: 0, unfinished: 0, faults: [] });
      expect(Math.min(figures.items / 1_000, figures.cuts)).toBeGreaterThan(1);
    } finally {
      await database.drop();
    }
  },
  PATIENCE_MS,
);
