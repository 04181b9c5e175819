import { compileProject } from '@runledger/testing';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const PROGRAMS = join(ROOT, 'apps', 'standalone', 'dist');

describe('an error of a program that was compiled', () => {
  it('says where it comes from in TypeScript', () => {
    compileProject('apps/standalone');
    const program = `
      const { replacementDiff } = await import('@runledger/kernel');
      replacementDiff('notes', undefined, '');`;
    const maps = join(PROGRAMS, 'source-maps.js');
    const flags = ['--import', maps, '--input-type=module', '-e', program];
    const { status, stderr } = spawnSync(process.execPath, flags, {
      cwd: join(ROOT, 'apps', 'standalone'),
      encoding: 'utf8',
    });
    expect(status).toBe(1);
    expect(stderr).toMatch(/at linesOf \(.*libs\/kernel\/src\/replacement-diff\.ts:\d+:\d+\)/);
  });

  it('says so in a bundle, which stands for the program that was named', () => {
    execFileSync(process.execPath, ['scripts/prepare.mjs', '--build', '--quiet'], { cwd: ROOT });
    expect(existsSync(join(PROGRAMS, 'bundle', 'service.js'))).toBe(true);
    const atExit = `data:text/javascript,process.exit = () => {
      console.error(new Error().stack);
      process.setSourceMapsEnabled(false);
      console.error(new Error().stack);
      process.kill(process.pid, 'SIGTERM');
    }`;
    const flags = [
      '--import',
      join(PROGRAMS, 'source-maps.js'),
      '--import',
      atExit,
      join(PROGRAMS, 'service.js'),
      'cook',
    ];
    const { stderr } = spawnSync(process.execPath, flags, { encoding: 'utf8' });
    expect(stderr).toContain('cook is no service; name one of');
    expect(stderr).toMatch(/at \S* ?\(?\S*\/apps\/standalone\/src\/service\.ts:\d+:\d+/);
    expect(stderr).toMatch(/\/apps\/standalone\/dist\/bundle\/service\.js:\d+:\d+/);
  });
});

describe('a program that is started from its bundle', () => {
  it('leaves what V8 made of it to the next start', () => {
    execFileSync(process.execPath, ['scripts/prepare.mjs', '--build', '--quiet'], { cwd: ROOT });
    const compiled = join(PROGRAMS, 'bundle', 'compiled');
    rmSync(compiled, { recursive: true, force: true });
    const flags = ['--import', join(PROGRAMS, 'source-maps.js'), join(PROGRAMS, 'service.js'), 'cook'];
    const { stderr } = spawnSync(process.execPath, flags, { encoding: 'utf8', env: {} });
    expect(stderr).toContain('cook is no service; name one of');
    expect(existsSync(compiled)).toBe(true);
  });
});
