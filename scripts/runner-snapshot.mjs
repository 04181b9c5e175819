/**
 * Makes the startup snapshot of the program that holds an agent's loop, from the parts of its bundle: a blob with what is in the
 * memory of a runner that has loaded all it needs and rehearsed. Whoever starts from it reads and compiles none of that. Parts that are
 * loaded when they are asked for lie beside it as `<part>.cjs`, and share the rest with it.
 */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { withoutCodeOfNode } from './snapshot-blob.mjs';

const root = dirname(import.meta.dirname ?? dirname(fileURLToPath(import.meta.url)));
const run = promisify(execFile);
/** Older ones keep less in a snapshot. */
const OLDEST_NODE = 24;
const PATIENCE_MS = 60_000;

/** This Node.js, or that of the packages: the one on which programs run. Undefined: neither makes such snapshots. */
export function nodeOfPrograms() {
  const folder = join(root, 'node_modules/node');
  const versionOf = path => JSON.parse(readFileSync(path, 'utf8')).version;
  const known = [
    { path: process.execPath, version: process.versions.node },
    ...(existsSync(join(folder, 'bin/node'))
      ? [{ path: join(folder, 'bin/node'), version: versionOf(join(folder, 'package.json')) }]
      : []),
  ];
  return known.find(({ version }) => Number.parseInt(version, 10) >= OLDEST_NODE);
}

/** Answers the files of which it consists, for that folder; the snapshot is the last. `entry` names the part that is run for it. */
export async function makeSnapshot({ bundler, node, folder, entry, banner, metafile, outputFiles }) {
  const used = reachable(entry, importsOf(metafile, ['import-statement', 'dynamic-import']));
  const held = reachable(entry, importsOf(metafile, ['import-statement']));
  const parts = await Promise.all(
    outputFiles
      .map(({ path, text }) => ({ name: basename(path), text }))
      .filter(({ name }) => used.has(name))
      .map(async ({ name, text }) => ({ name, body: await functionOf(bundler, text.replace(banner, '')) })),
  );
  const inside = parts.filter(({ name }) => held.has(name)).map(({ name, body }) => `${JSON.stringify(name)}:${body}`);
  const program = `(${snapshotProgram})({${inside.join(',\n')}},${JSON.stringify(entry)},require)`;
  const beside = parts.filter(({ name }) => !held.has(name));
  return [
    ...beside.map(({ name, body }) => ({ path: join(folder, `${name}.cjs`), contents: `module.exports=${body}` })),
    { path: join(folder, `runner-${node.version}-${process.arch}.blob`), contents: await memoryOf(program, node) },
  ];
}

async function functionOf(bundler, text) {
  const { code } = await bundler.transform(text, {
    ...{ format: 'cjs', target: 'node24', minifySyntax: true, minifyWhitespace: true },
    supported: { 'dynamic-import': false }, // nobody answers it in a snapshot: `require` does
  });
  return `function(exports,require,module){${code}}`;
}

/** What is in the memory of a program that has run. */
async function memoryOf(program, node) {
  const folder = await mkdtemp(join(tmpdir(), 'runledger-snapshot-'));
  const [script, blob] = [join(folder, 'runner.js'), join(folder, 'runner.blob')];
  try {
    await writeFile(script, program);
    const options = { env: {}, cwd: '/', timeout: PATIENCE_MS };
    // As runners have it: V8 makes its caches as large as that, and a snapshot holds them.
    await run(node.path, ['--max-semi-space-size=1', '--snapshot-blob', blob, '--build-snapshot', script], options);
    const whole = await readFile(blob);
    return withoutCodeOfNode(whole) ?? whole;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What each part loads in these ways. */
function importsOf({ outputs }, kinds) {
  const own = ({ imports }) => imports.filter(({ kind, external }) => kinds.includes(kind) && !external);
  return new Map(
    Object.entries(outputs).map(([path, output]) => [basename(path), own(output).map(({ path }) => basename(path))]),
  );
}

function reachable(entry, imports) {
  const found = new Set([entry]);
  for (const name of found) for (const next of imports.get(name) ?? []) found.add(next);
  return found;
}

/* global process */
/** The program whose memory is kept; it refers to nothing outside itself. */
function snapshotProgram(parts, entry, builtIn) {
  const { startupSnapshot } = builtIn('node:v8');
  const loaded = new Map();
  const modules = new Map();

  const need = name => {
    if (!name.startsWith('.')) return startupSnapshot.isBuildingSnapshot() ? lazily(name) : there(name);
    const part = name.slice(2);
    const known = modules.get(part);
    if (known) return known.exports;
    const module = { exports: {} };
    modules.set(part, module);
    (parts[part] ?? beside(`./snapshot/${part}.cjs`))(module.exports, need, module);
    return module.exports;
  };
  const there = name => process.getBuiltinModule(name) ?? beside(name);
  // Of a runner: `node --snapshot-blob <blob> <main> <directory>`.
  const beside = name => process.getBuiltinModule('node:module').createRequire(process.argv[1])(name);

  /** Loaded when something of it is used: some modules of Node.js can be in no snapshot. Those that are functions can. */
  const lazily = name => {
    if (/^(node:)?(assert|events|stream)$/.test(name)) return builtIn(name);
    const load = () => {
      if (loaded.has(name)) return loaded.get(name);
      if (startupSnapshot.isBuildingSnapshot() && /^(node:)?crypto$/.test(name)) {
        throw new TypeError('A startup snapshot holds nothing that is left to chance.');
      }
      const found = startupSnapshot.isBuildingSnapshot() ? builtIn(name) : there(name);
      loaded.set(name, found);
      return found;
    };
    const get = (_, key) => (key === '__esModule' ? undefined : load()[key]);
    return Object.create(new Proxy({}, { get }));
  };

  // Each runner needs them. What is made of `node:crypto` draws nothing from chance until it is used.
  const needed = ['cluster', 'crypto', 'fs', 'fs/promises', 'net', 'os', 'stream', 'string_decoder', 'timers/promises'];
  needed.forEach(name => builtIn(`node:${name}`));
  need(`./${entry}`);
}
