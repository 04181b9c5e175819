/**
 * Compiles the packages of this workspace: TypeScript under `src` to JavaScript under `dist`, every other file copied.
 * Only what changed is compiled again, and outputs without a source are removed. Runs on plain Node 20.
 *
 *   node scripts/compile.mjs [<package folder> …]      with what these depend on; default: all of libs/* and apps/*
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(import.meta.dirname ?? dirname(fileURLToPath(import.meta.url)));
/** Hold programs, which are few files in the end. */
const RUNNERS = join('apps', 'sandbox');
const PROGRAMS = join('apps', 'standalone');
const TESTS_ONLY = /\.(spec|int-spec|e2e-spec|fixture)\.(ts|mjs)$/;

/** Folders of all packages, relative to the root. */
export function packageFolders() {
  return ['libs', 'apps'].flatMap(parent =>
    readdirSync(join(root, parent))
      .map(name => join(parent, name))
      .filter(folder => existsSync(join(root, folder, 'package.json')) && existsSync(join(root, folder, 'src'))),
  );
}

/**
 * Brings `dist` of the packages, and of those that they depend on, up to date; answers how many files were written. Throws one
 * Error naming every bad file.
 */
export async function compile(wanted = packageFolders()) {
  const folders = withDependencies(wanted);
  const options = readFileSync(join(root, '.swcrc'), 'utf8');
  const compiler = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).devDependencies['@swc/core'];
  const results = await Promise.all(folders.map(folder => compilePackage(folder, `${compiler} ${options}`)));
  const problems = results.flatMap(result => result.problems);
  if (problems.length > 0) throw new Error(problems.join('\n\n'));
  const written = results.reduce((sum, result) => sum + result.written, 0);
  const { bundleRunner, bundlePrograms, dropPrograms } = await import('./bundle.mjs');
  if (folders.includes(RUNNERS)) await bundleRunner();
  if (folders.includes(PROGRAMS)) await bundlePrograms();
  else if (written > 0) dropPrograms(); // what they were made of has changed
  return written;
}

/** A package without those that it imports could not be loaded. */
function withDependencies(wanted) {
  const manifests = new Map(
    packageFolders().map(folder => [folder, JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))]),
  );
  const folderOf = new Map([...manifests].map(([folder, { name }]) => [name, folder]));
  const found = new Set(wanted);
  for (const folder of found) {
    for (const name of Object.keys(manifests.get(folder)?.dependencies ?? {}))
      if (folderOf.has(name)) found.add(folderOf.get(name)); // and what that one depends on: a set is walked to its last
  }
  return [...found];
}

async function compilePackage(folder, key) {
  const source = join(root, folder, 'src');
  const target = join(root, folder, 'dist');
  const stampPath = join(target, '.compiled.json');
  const stamp = readStamp(stampPath, key);
  const files = sourceFiles(source);
  const changed = [...files].filter(
    ([path, print]) => stamp.files[path] !== print || !existsSync(output(target, path)),
  );
  const gone = Object.keys(stamp.files).filter(path => !files.has(path));
  if (changed.length === 0 && gone.length === 0) return { written: 0, problems: [] };
  for (const path of gone)
    for (const at of [output(target, path), `${output(target, path)}.map`]) rmSync(at, { force: true });
  const outcomes = await Promise.allSettled(changed.map(([path]) => compileFile(source, target, path)));
  const failed = new Set(changed.filter((_, index) => outcomes[index].status === 'rejected').map(([path]) => path));
  const done = Object.fromEntries([...files].filter(([path]) => !failed.has(path)));
  replaceFile(stampPath, JSON.stringify({ key, files: done }));
  const problems = outcomes.flatMap((outcome, index) =>
    outcome.status === 'rejected' ? [`${folder}/src/${changed[index][0]}: ${outcome.reason.message}`] : [],
  );
  return { written: changed.length - failed.size, problems };
}

function readStamp(path, key) {
  try {
    const stamp = JSON.parse(readFileSync(path, 'utf8'));
    return stamp.key === key ? stamp : { files: {} };
  } catch {
    return { files: {} }; // not compiled yet, or the stamp was cut off: everything is compiled
  }
}

/** Relative path → fingerprint. */
function sourceFiles(source) {
  const entries = readdirSync(source, { recursive: true, withFileTypes: true });
  const paths = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath ?? entry.path, entry.name));
  return new Map(
    paths
      .filter(path => !TESTS_ONLY.test(path))
      .map(path => {
        const { mtimeMs, size } = statSync(path);
        return [relative(source, path), `${mtimeMs}:${size}`];
      }),
  );
}

function output(target, path) {
  return join(target, isTypeScript(path) ? path.replace(/\.ts$/, '.js') : path);
}

function isTypeScript(path) {
  return path.endsWith('.ts') && !path.endsWith('.d.ts');
}

async function compileFile(source, target, path) {
  const from = join(source, path);
  const to = output(target, path);
  if (!isTypeScript(path)) return replaceFile(to, readFileSync(from));
  const { transform } = await import('@swc/core');
  const { code, map } = await transform(readFileSync(from, 'utf8'), {
    ...JSON.parse(readFileSync(join(root, '.swcrc'), 'utf8')),
    $schema: undefined,
    swcrc: false,
    filename: from,
    sourceFileName: relative(dirname(to), from),
  });
  replaceFile(`${to}.map`, map);
  replaceFile(to, `${code}//# sourceMappingURL=${basename(to)}.map\n`);
}

/** Whole or not at all: another process may be reading it. */
function replaceFile(path, content) {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, content);
  renameSync(temporary, path);
}

if (process.argv[1] && fileURLToPath(import.meta.url) === process.argv[1]) {
  const folders = process.argv.slice(2).map(folder => relative(root, join(process.cwd(), folder)));
  const written = await compile(folders.length > 0 ? folders : undefined);
  console.log(`${written} files compiled.`);
}
