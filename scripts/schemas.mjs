/**
 * Holds the schemas of events against those that were released: `npm run schemas`. Exit code 1 with what is broken and what to do.
 *
 *   node scripts/schemas.mjs [--against <tag or commit>] [--repository <folder>]      default: the newest tag v…
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { breaksOf } from './reference/schema-breaks.mjs';

const FOLDER = 'libs/contracts/schemas';

/** Lines for people, none when nothing is broken. */
export function brokenSchemas(repository, release) {
  return releasedSchemas(repository, release).flatMap(({ path, schema }) => {
    const name = basename(path, '.json');
    const file = join(repository, path);
    if (!existsSync(file)) return [`${name}: its schema is gone.`, ...adviceFor(name, { path, release })];
    const breaks = breaksOf(schema, JSON.parse(readFileSync(file, 'utf8')));
    if (breaks.length === 0) return [];
    return [...breaks.map(({ path: at, what }) => `${name}: ${at} ${what}.`), ...adviceFor(name, { path, release })];
  });
}

function adviceFor(name, { path, release }) {
  const [type, version] = name.split('.v');
  return [
    `  ${name} was released with ${release}, and events of it are stored and read by others. Leave version ${version} as it was:`,
    `    git checkout ${release} -- ${path}`,
    `  and give the change a version of its own: raise \`version\` of ${type}, add \`upcast[${version}]\` from the old data to the new,`,
    `  run "npm run docs", and put an example into libs/contracts/stored. An optional field needs none of this.`,
  ];
}

function releasedSchemas(repository, release) {
  const git = (...args) => execFileSync('git', args, { cwd: repository, encoding: 'utf8', maxBuffer: 1e8 });
  const paths = git('ls-tree', '-r', '--name-only', release, '--', FOLDER).split('\n').filter(Boolean);
  return paths.map(path => ({ path, schema: JSON.parse(git('show', `${release}:${path}`)) }));
}

/** Undefined before the first release. */
function newestRelease(repository) {
  const tags = execFileSync('git', ['tag', '--list', 'v*', '--merged', 'HEAD', '--sort=-version:refname'], {
    cwd: repository,
    encoding: 'utf8',
  });
  return tags.split('\n').find(Boolean);
}

if (process.argv[1] && fileURLToPath(import.meta.url) === process.argv[1]) {
  const { values } = parseArgs({ options: { against: { type: 'string' }, repository: { type: 'string' } } });
  const repository = values.repository ?? dirname(dirname(fileURLToPath(import.meta.url)));
  const release = values.against ?? newestRelease(repository);
  const lines = release === undefined ? [] : brokenSchemas(repository, release);
  if (release === undefined) console.log('Nothing was released yet (there is no tag v…), so no schema can break.');
  else if (lines.length === 0) console.log(`Every event schema of ${release} still holds.`);
  else {
    console.error(lines.join('\n'));
    process.exitCode = 1;
  }
}
