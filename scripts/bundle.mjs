/**
 * Makes `apps/sandbox/dist/runner/bundle/main.js` of the program that holds an agent's loop, with only what it uses of the packages:
 * loading them whole takes several times as long and twice the memory, for every agent that works. What is seldom needed is in
 * files of its own. The bundler is optional: without it, runners start from the separate files.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(import.meta.dirname ?? dirname(fileURLToPath(import.meta.url)));
const runner = join(root, 'apps/sandbox/dist/runner');
const [entry, folder] = [join(runner, 'main.js'), join(runner, 'bundle')];
const [main, stampPath] = [join(folder, 'main.js'), join(folder, 'bundled.json')];
const OLD_AFTER_MS = 24 * 60 * 60 * 1_000;

/** Asked for by packages of which nothing else is left. */
const EXTERNAL = [
  '@kubernetes/client-node',
  '@nestjs/*',
  'class-transformer',
  'class-transformer/*',
  'class-validator',
  'dockerode',
  'pg-native',
  'pg',
  'typeorm',
];

/** Brings the bundle up to date; answers whether it was made anew. */
export async function bundleRunner() {
  const bundler = await import('esbuild').catch(() => undefined);
  if (!bundler || !existsSync(entry)) {
    rmSync(main, { force: true }); // an old one must not be started in place of new files
    return false;
  }
  const key = `${bundler.version} ${printOf(fileURLToPath(import.meta.url))}`;
  if (isUpToDate(key)) return false;
  try {
    const { metafile, outputFiles } = await bundler.build(OPTIONS);
    keep(outputFiles);
    const inputs = Object.keys(metafile.inputs).map(path => join(root, path));
    const prints = Object.fromEntries(inputs.filter(path => existsSync(path)).map(path => [path, printOf(path)]));
    replaceFile(stampPath, JSON.stringify({ key, prints }));
    return true;
  } catch (error) {
    rmSync(main, { force: true });
    console.error(`Runners start from separate files, which is slower: ${error.message}`);
    return false;
  }
}

/** What one of our packages imports and does not use is left out, with everything behind it. */
const ourPackagesArePure = {
  name: 'our-packages-are-pure',
  setup(build) {
    build.onResolve({ filter: /.*/ }, async ({ path, resolveDir, kind, pluginData, importer }) => {
      const isTheirs = importer.includes(`${sep}node_modules${sep}`);
      if (pluginData === 'asked' || kind === 'entry-point' || isTheirs) return undefined;
      const found = await build.resolve(path, { resolveDir, kind, importer, pluginData: 'asked' });
      return found.errors.length > 0 ? undefined : { ...found, sideEffects: false };
    });
  },
};

const OPTIONS = {
  entryPoints: [entry],
  outdir: folder,
  absWorkingDir: root,
  write: false,
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  external: EXTERNAL,
  plugins: [ourPackagesArePure],
  // Names stay: errors are known by them.
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  metafile: true,
  logLevel: 'silent',
  banner: { js: "import{createRequire as requireOf}from'node:module';const require=requireOf(import.meta.url);" },
};

/** The entry comes last. Parts of earlier bundles stay for a while: a runner that works may still load them. */
function keep(outputFiles) {
  mkdirSync(folder, { recursive: true });
  const parts = outputFiles.filter(({ path }) => path !== main);
  for (const { path, contents } of parts) replaceFile(path, contents);
  for (const { path, contents } of outputFiles) if (path === main) replaceFile(path, contents);
  const current = new Set(outputFiles.map(({ path }) => path));
  for (const path of readdirSync(folder).map(name => join(folder, name))) {
    if (!current.has(path) && Date.now() - statSync(path).mtimeMs > OLD_AFTER_MS) rmSync(path, { force: true });
  }
}

function isUpToDate(key) {
  if (!existsSync(main) || !existsSync(stampPath)) return false;
  const stamp = JSON.parse(readFileSync(stampPath, 'utf8'));
  if (stamp.key !== key) return false;
  return Object.entries(stamp.prints).every(([path, print]) => existsSync(path) && printOf(path) === print);
}

function printOf(path) {
  const { mtimeMs, size } = statSync(path);
  return `${mtimeMs}:${size}`;
}

/** Whole or not at all: another process may be reading it. */
function replaceFile(path, content) {
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, content);
  renameSync(temporary, path);
}
