import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..', '..');

describe('an error of a program that was compiled', () => {
  it('says where it comes from in TypeScript', () => {
    execFileSync(process.execPath, ['scripts/compile.mjs', 'libs/kernel', 'apps/standalone'], { cwd: ROOT });
    const program = `
      const { replacementDiff } = await import('@runledger/kernel');
      replacementDiff('notes', undefined, '');`;
    const maps = join(ROOT, 'apps', 'standalone', 'dist', 'source-maps.js');
    const flags = ['--import', maps, '--input-type=module', '-e', program];
    const { status, stderr } = spawnSync(process.execPath, flags, {
      cwd: join(ROOT, 'apps', 'standalone'),
      encoding: 'utf8',
    });
    expect(status).toBe(1);
    expect(stderr).toMatch(/at linesOf \(.*libs\/kernel\/src\/replacement-diff\.ts:\d+:\d+\)/);
  });
});
