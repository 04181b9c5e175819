import type { Json } from '@runledger/contracts';
import { linkSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LocalSandbox } from '../driver/local-sandbox.js';
import { ran, SandboxGround, testProfile } from '../driver/sandbox.fixture.js';
import { planCall } from './sandbox-tools.js';
import type { SandboxTool } from './tool-inputs.js';

describe('HOSTILE: the tools of an agent', () => {
  const ground = new SandboxGround();
  const outside = mkdtempSync(join(tmpdir(), 'runledger-outside-'));
  let sandbox: LocalSandbox;
  let calls = 0;

  beforeAll(async () => {
    writeFileSync(`${outside}/secret`, 'secret of the host\n', { mode: 0o666 });
    sandbox = await ground.open();
  });
  afterAll(async () => {
    await ground.giveBack();
    rmSync(outside, { recursive: true });
  });

  async function use(tool: SandboxTool, input: Record<string, Json>): Promise<string> {
    const plan = planCall(tool, input);
    if ('refused' in plan) return `refused: ${plan.refused}`;
    const { stdout, stderr } = await ran(sandbox, { ...plan.exec, callId: `hostile-${(calls += 1)}` });
    return stdout + stderr;
  }

  it('follow no link out of the sandbox, whichever tool is asked', async () => {
    await use('bash', { command: `ln -s ${outside} away; ln -s ${outside}/secret file; ln -s /proc/1/root root` });
    for (const path of ['away/secret', 'file', `root${outside}/secret`, `${outside}/secret`]) {
      const said = [
        await use('read_file', { path }),
        await use('edit_file', { path, old_string: 'secret', new_string: 'stolen' }),
        await use('search_files', { pattern: 'secret', path }),
        await use('list_files', { path }),
        await use('bash', { command: `cat ${path}` }),
      ].join('\n');
      expect(said).not.toContain('secret of the host');
    }
    await use('write_file', { path: 'away/planted', content: 'planted' });
    await use('write_file', { path: 'file', content: 'stolen' });
    expect(readFileSync(`${outside}/secret`, 'utf8')).toBe('secret of the host\n');
  });

  it('make no hard link to a file that is only to be read, and write through none', async () => {
    const said = await use('bash', { command: 'ln /usr/bin/env env 2>&1; ln /etc/passwd passwd 2>&1; ls -A' });
    expect(said).toMatch(/Invalid cross-device link|Operation not permitted/);
    const workspace = `${ground.homeDir}/${sandbox.runId}/workspace`;
    const ofTheHost = `${ground.homeDir}/of-the-host`;
    writeFileSync(ofTheHost, 'kept');
    linkSync(ofTheHost, `${workspace}/linked`);
    if (process.getuid?.() !== 0) return; // without a uid of its own the sandbox owns what the service owns
    expect(await use('write_file', { path: 'linked', content: 'changed' })).toContain('permission denied');
    await use('edit_file', { path: 'linked', old_string: 'kept', new_string: 'changed' });
    await use('bash', { command: 'echo changed > linked; sed -i s/kept/changed/ linked' });
    expect(readFileSync(ofTheHost, 'utf8')).toBe('kept');
  });

  it('harvest nothing from /proc: no environment, memory or process of anybody else', async () => {
    process.env['RUNLEDGER_HOSTILE_CANARY'] = 'canary-of-the-service';
    const harvest = `
      for p in /proc/[0-9]*; do tr '\\0' '\\n' <$p/environ; tr '\\0' ' ' <$p/cmdline; done 2>/dev/null
      cat /proc/kcore /proc/kallsyms 2>/dev/null | head -c 100 | grep -c '[1-9a-f]'
      ls -d /proc/[0-9]* | wc -l; cat /proc/1/mem 2>&1 | head -c 10; ls /sys 2>&1`;
    const said = await use('bash', { command: harvest });
    delete process.env['RUNLEDGER_HOSTILE_CANARY'];
    expect(said).not.toContain('canary');
    expect(said).not.toContain(String(process.env['PATH']));
    expect(said).toMatch(/cannot access '\/sys'|No such file/);
  });

  it('take arguments for what they are: metacharacters, options and paths that climb', async () => {
    const evil = ['$(touch hit)', '`touch hit`', '; touch hit;', '--include=/etc/*', '-e', '\n touch hit \n', '*'];
    for (const text of evil) {
      await use('write_file', { path: `safe/${text.replaceAll('/', '_')}`, content: text });
      await use('read_file', { path: text });
      await use('list_files', { path: text });
      await use('search_files', { pattern: text, path: '.', glob: text });
    }
    expect(await use('bash', { command: 'ls -A | grep -c "^hit$"' })).toBe('0\n');
    expect(await use('read_file', { path: '../../../../etc/shadow' })).toMatch(/no such file|permission denied/);
  });

  it('refuse NUL and what is huge, before anything runs', async () => {
    expect(await use('bash', { command: 'echo a\0b' })).toMatch(/^refused: .*NUL/);
    expect(await use('search_files', { pattern: 'a\0b' })).toMatch(/^refused: .*NUL/);
    expect(await use('read_file', { path: 'x'.repeat(5_000) })).toMatch(/^refused: /);
    expect(await use('bash', { command: 'x'.repeat(100_001) })).toMatch(/^refused: /);
    const long = await use('write_file', { path: 'long', content: 'x'.repeat(3_000_000) });
    expect(long).toBe('Wrote 3000000 bytes to long.\n');
  });

  it('are stopped when they flood: 200 MB of output come to no more than the limit', async () => {
    const flooded = await ground.open(testProfile({ limits: { outputBytes: 1_048_576 } }));
    const result = await ground.sh(flooded, 'yes flood | head -c 200000000');
    expect(result.why).toBe('output-limit');
    expect(result.stdout.length).toBeLessThanOrEqual(1_048_576);
  });
});
