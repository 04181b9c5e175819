import { execFileSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { profileDefinition } from '@runledger/contracts';
import { readFlow } from '../apps/orchestrator/src/flows/read-flow.js';
import { CONFIGURATION } from '@runledger/standalone/configuration';
import { brokenLinks, pages, quotedFiles, refreshed, textOf } from './docs.mjs';

const examples = pattern => globSync(`examples/${pattern}`, { cwd: new URL('..', import.meta.url) }).sort();

describe.each(pages())('%s', page => {
  it('links to nothing that is not there', () => {
    expect(brokenLinks(page)).toEqual([]);
  });

  it('quotes files as they are (else run `node scripts/docs.mjs`)', () => {
    expect(textOf(page)).toBe(refreshed(textOf(page)));
  });
});

describe('the examples', () => {
  it.each(examples('*/flow.yaml'))('%s can be published', path => {
    expect(readFlow(textOf(path))).not.toHaveProperty('problems');
  });

  it.each(examples('*/flow.yaml'))('%s names a profile that an example brings', path => {
    const { flow } = readFlow(textOf(path));
    const profiles = examples('*/profile.json').map(profile => JSON.parse(textOf(profile)).slug);
    expect(profiles).toContain(flow.defaults.profile);
  });

  it.each(examples('*/profile.json'))('%s is a profile', path => {
    expect(profileDefinition.safeParse(JSON.parse(textOf(path)))).toMatchObject({ success: true });
  });

  it.each(examples('**/*.sh'))('%s is quoted by a page, and a shell understands it', path => {
    expect(quotedFiles()).toContain(path);
    expect(() => execFileSync('sh', ['-n'], { input: textOf(path), stdio: 'pipe' })).not.toThrow();
  });

  it.each(examples('*/*.mjs'))('%s is explained by a page', path => {
    const explaining = pages().filter(page => textOf(page).includes(`node ${path}`));
    expect([...explaining, ...quotedFiles().filter(file => file === path)]).not.toEqual([]);
  });

  it('tell editors a schema that is there', () => {
    for (const path of examples('*/flow.yaml').filter(flow => textOf(flow).startsWith('# yaml-language-server'))) {
      const [, schema] = /\$schema=(\S+)/.exec(textOf(path));
      expect(brokenLinks(path, `[schema](${schema})`)).toEqual([]);
    }
  });
});

describe('the settings', () => {
  const configs = globSync('{apps,libs}/*/src/**/*.config.ts', { cwd: new URL('..', import.meta.url) });
  const known = CONFIGURATION.flatMap(({ variables }) => Object.keys(variables.shape));

  it.each(configs)('of %s are in the reference (apps/standalone/src/configuration.ts)', path => {
    const names = textOf(path).match(/^ {2}[A-Z][A-Z0-9_]+(?=: z)/gm) ?? [];
    expect(names.map(name => name.trim()).filter(name => !known.includes(name))).toEqual([]);
  });

  it('are each read in one place', () => {
    expect(known.filter((name, index) => known.indexOf(name) !== index)).toEqual([]);
  });
});

describe('the checks themselves', () => {
  it('notice a missing file, and a heading that nothing is called', () => {
    const text =
      '# A title\n[a](nowhere.md) [b](README.md#try-it) [c](README.md#nothing) [d](#a-title) [e](https://x.org)';
    expect(brokenLinks('CONTRIBUTING.md', text)).toEqual(['nowhere.md', 'README.md#nothing', '#a-title']);
  });

  it('notice a quote that is not what the file says', () => {
    const stale = '```sh file=examples/call-the-api/viewer.sh\ncurl something-else\n```\n';
    expect(refreshed(stale)).toBe(
      `\`\`\`sh file=examples/call-the-api/viewer.sh\n${textOf('examples/call-the-api/viewer.sh')}\`\`\`\n`,
    );
  });
});
