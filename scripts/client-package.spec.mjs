import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const run = promisify(execFile);
const PROGRAM = `
import { RunDocument, RunledgerClient } from '@runledger/client';
const client = new RunledgerClient({ url: process.env['URL'] ?? '', token: 'rl_1_2' });
const { run } = await client.request(RunDocument, { id: 'run_1' });
console.log(run?.status);
`;
const TYPED = `${PROGRAM}
export const number: number | undefined = run?.number;
// @ts-expect-error the variable is called id
void (() => client.request(RunDocument, { ids: 'run_1' }));
`;
const STRICT = ['--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess', '--types', 'node'];

describe('the client in a project of one’s own', () => {
  const folder = mkdtempSync(join(tmpdir(), 'runledger-client-'));
  const at = (...path) => join(folder, ...path);

  beforeAll(async () => {
    const packed = ['pack', '--silent', '--pack-destination', folder];
    await run('npm', packed, { cwd: join(root, 'libs', 'client') });
    const [tarball] = readdirSync(folder);
    mkdirSync(at('node_modules', '@runledger', 'client'), { recursive: true });
    const unpacked = ['-xzf', at(tarball), '--strip-components', '1', '-C', at('node_modules', '@runledger', 'client')];
    await run('tar', unpacked);
    // What npm would install beside it; the types of Node are those of this repository as well.
    for (const name of ['graphql-ws', 'graphql', '@types']) {
      symlinkSync(join(root, 'node_modules', name), at('node_modules', name));
    }
    writeFileSync(at('package.json'), '{ "type": "module" }');
    writeFileSync(at('program.mjs'), PROGRAM);
    writeFileSync(at('program.ts'), TYPED);
  }, 120_000);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('runs in plain JavaScript, from what npm pack makes', async () => {
    const answers = createServer((_request, response) => response.end('{"data":{"run":{"status":"COMPLETED"}}}'));
    await once(answers.listen(0, '127.0.0.1'), 'listening');
    try {
      const env = { PATH: process.env.PATH, URL: `http://127.0.0.1:${answers.address().port}` };
      const { stdout } = await run(process.execPath, ['program.mjs'], { cwd: folder, env });
      expect(stdout).toBe('COMPLETED\n');
    } finally {
      answers.close();
    }
  });

  it.each([
    ['Node', ['--module', 'nodenext']],
    ['a bundler', ['--module', 'esnext', '--moduleResolution', 'bundler', '--lib', 'es2023,dom']],
  ])('has its types, under strict rules, as %s finds them', async (_who, options) => {
    const compiler = join(root, 'node_modules', 'typescript-7', 'bin', 'tsc');
    const args = [compiler, '--noEmit', '--target', 'es2023', ...STRICT, ...options, 'program.ts'];
    const { stdout } = await run(process.execPath, args, { cwd: folder }).catch(failed => failed);
    expect(stdout).toBe('');
  });
});
