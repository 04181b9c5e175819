import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { bundleOf, openAuditWorld, RUN, writeExamples } from '../audit-world.fixture.js';

const run = promisify(execFile);

it('the verifier is a package of one file, which npx runs in a directory that has nothing else', async () => {
  const world = await openAuditWorld();
  const folder = mkdtempSync(join(tmpdir(), 'runledger-npx-'));
  const npm = (command: string, ...args: readonly string[]) =>
    run(command, [...args], {
      cwd: folder,
      env: { PATH: process.env['PATH'], HOME: folder, npm_config_offline: 'true' },
    });
  try {
    await writeExamples(world.store);
    const lines = await bundleOf(world.audit, { runId: RUN });
    writeFileSync(join(folder, 'bundle.ndjson'), `${lines.join('\n')}\n`);
    await npm('npm', 'pack', '--silent', fileURLToPath(new URL('.', import.meta.url)));
    const [tarball = ''] = readdirSync(folder).filter(name => name.endsWith('.tgz'));
    const { stdout: packed } = await npm('tar', '-tzf', tarball);
    expect(packed.trim().split('\n').sort()).toEqual(['package/package.json', 'package/verify.mjs']);
    const npx = ['--yes', '--package', `./${tarball}`, '--', 'runledger-verify', 'bundle.ndjson'];
    const key = world.audit.checkpoints.signer.verifierKey;
    const { stdout: said } = await npm('npx', ...npx, '--key', key);
    expect(said).toContain(`OK  ${RUN}`);
    writeFileSync(join(folder, 'bundle.ndjson'), `${lines.toSpliced(3, 1).join('\n')}\n`);
    await expect(npm('npx', ...npx, '--key', key)).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/BAD line 4, event .*before it, event 2 of the run is missing/),
    });
  } finally {
    await world.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

it('the verifier says in one line what is wrong with its arguments, though the bundle is not there either', async () => {
  const program = fileURLToPath(new URL('verify.mjs', import.meta.url));
  const asked = (...args: readonly string[]) => run(process.execPath, [program, 'no-such.ndjson', ...args]);
  await expect(asked('--key', 'nonsense')).rejects.toMatchObject({
    code: 2,
    stderr: '--key nonsense: this is no Ed25519 key: nonsense\n',
  });
  await expect(asked()).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^ENOENT: .*no-such\.ndjson'\n$/),
  });
});

it('the verifier explains itself to who asks, and says how it is called to who names no bundle', async () => {
  const program = fileURLToPath(new URL('verify.mjs', import.meta.url));
  for (const asking of [['--help'], ['-h'], ['--help', 'no-such.ndjson']]) {
    const { stdout, stderr } = await run(process.execPath, [program, ...asking]);
    expect([stderr, stdout.split('\n')[0]]).toEqual(['', expect.stringMatching(/^Usage: node verify\.mjs /)]);
    for (const told of ['--key', '--checkpoint', 'Exit code 0']) expect(stdout).toContain(told);
  }
  await expect(run(process.execPath, [program])).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^Usage: node verify\.mjs .*\n$/),
  });
});
