import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { manifestOf } from './operations.mjs';

describe('the operations of a front end', () => {
  let folder;
  const bodiesIn = (name, content) => {
    writeFileSync(join(folder, name), content);
    return manifestOf([join(folder, name)]).operations.map(({ body }) => body);
  };

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'runledger-operations-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each([
    ['a tag', 'page.ts', 'const plan: Document = gql`{ viewer { plan } }`;'],
    ['a tag of something', 'page.mjs', 'export const plan = apollo.graphql`{ viewer { plan } }`;'],
    ['a function', 'page.tsx', 'const Plan = () => <p>{useQuery(graphql(`{ viewer { plan } }`))}</p>;'],
    ['a comment', 'page.js', 'const plan = /* GraphQL */ `{ viewer { plan } }`;'],
  ])('are found behind %s', (_what, name, content) => {
    expect(bodiesIn(name, content)).toEqual(['{ viewer { plan } }']);
  });

  it('are not looked for in addresses, texts and comments', () => {
    const address = 'const socket = open({ url: `${base}/graphql`, retries: 0, name: `the page` });';
    const text = 'say("write gql`{ nothing }`"); // or graphql`{ nothing }`';
    expect(bodiesIn('page.js', `${address}\n${text}\nconst plan = gql\`{ viewer { plan } }\`;`)).toEqual([
      '{ viewer { plan } }',
    ]);
  });

  it('are those that are sent: what is escaped in the source is not in them', () => {
    expect(bodiesIn('page.js', 'gql`{ search(query: "\\`x\\`") { totalCount } }`')).toEqual([
      '{ search(query: "`x`") { totalCount } }',
    ]);
  });

  it('are refused where something is put into them', () => {
    expect(() => bodiesIn('page.js', 'gql`{ viewer { ${fields} } }`')).toThrow(
      /page\.js: something is put into a document/,
    );
  });

  it('of the examples are all found', () => {
    const watch = join(import.meta.dirname, '..', 'examples', 'watch-run', 'watch.mjs');
    expect(manifestOf([watch]).operations).toMatchObject([{ type: 'subscription' }]);
  });

  it('are written where they are wanted, or it is said in one line why not', () => {
    const script = join(import.meta.dirname, 'operations.mjs');
    const write = (...args) => spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' });
    const out = join(folder, 'made', 'manifest.json');
    writeFileSync(join(folder, 'page.js'), 'gql`{ viewer { plan } }`');
    expect(write('--out', out, join(folder, 'page.js')).stdout).toBe(`wrote ${out}: 1 operation\n`);
    expect(JSON.parse(readFileSync(out, 'utf8')).operations).toHaveLength(1);
    const { status, stderr } = write(join(folder, 'nowhere'));
    expect([status, stderr]).toEqual([1, expect.stringMatching(/^ENOENT: .*nowhere'\n$/)]);
  });
});
