import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const environment = { ...process.env, CI: 'true', NX_DAEMON: 'false', FORCE_COLOR: '0' };

/** Lints source text as if it stood at `path`; the rules are those of eslint.config.mjs, without type information. */
function lint(planted) {
  const program = `
    import { ESLint } from 'eslint';
    import tseslint from 'typescript-eslint';
    const untyped = [tseslint.configs.disableTypeChecked, { languageOptions: { parserOptions: { projectService: false } } }];
    const eslint = new ESLint({ cwd: ${JSON.stringify(root)}, overrideConfig: untyped });
    const found = [];
    for (const [path, code] of ${JSON.stringify(Object.entries(planted))}) {
      const [result] = await eslint.lintText(code, { filePath: path });
      found.push([path, result.messages.map(message => message.ruleId + ': ' + message.message)]);
    }
    console.log(JSON.stringify(Object.fromEntries(found)));
  `;
  const args = ['--input-type=module', '-e', program];
  const output = execFileSync(process.execPath, args, { cwd: root, env: environment, encoding: 'utf8' });
  return JSON.parse(output.trim().split('\n').at(-1));
}

describe('the lint gate', () => {
  beforeAll(() => {
    // The boundary rule reads the project graph that Nx keeps; without one it would skip itself.
    const nx = ['node_modules/nx/dist/bin/nx.js', 'show', 'projects'];
    execFileSync(process.execPath, nx, { cwd: root, env: environment });
  }, 60_000);

  it('reports each planted violation, and nothing in code that keeps the rules', () => {
    const app = 'apps/gateway/src/planted.ts';
    const adapter = 'libs/platform/src/planted.ts';
    const kernel = 'libs/kernel/src/planted.ts';
    const decider = 'apps/orchestrator/src/runs/planted.decider.ts';
    const environmentReader = 'apps/audit/src/planted.ts';
    const clean = 'apps/approval/src/planted.ts';
    const found = lint({
      [app]: `import { SandboxModule } from '@runledger/sandbox';\nexport const planted = SandboxModule;\n`,
      [adapter]: `import { RunStarted } from '@runledger/contracts';\nexport const planted = RunStarted;\n`,
      [kernel]: `import { z } from 'zod';\nexport const planted = z.string();\n`,
      [decider]: `import { readFileSync } from 'node:fs';\nexport const planted = () => [Date.now(), readFileSync('x')];\n`,
      [environmentReader]: `export const planted = process.env;\n`,
      [clean]: `import { reject } from '@runledger/kernel';\nexport const planted = reject('No', 'No.');\n`,
    });
    const boundary = expect.stringMatching(/^@nx\/enforce-module-boundaries: /);
    expect(found[app]).toEqual([boundary]);
    expect(found[adapter]).toEqual([boundary]);
    expect(found[kernel]).toContainEqual(boundary);
    expect(found[decider].sort()).toEqual([
      expect.stringMatching(/^no-restricted-imports: .*deciders and workflows import/),
      'no-restricted-syntax: Time arrives as data.',
    ]);
    expect(found[environmentReader]).toEqual([expect.stringMatching(/^no-restricted-properties: /)]);
    expect(found[clean]).toEqual([]);
  });
});
