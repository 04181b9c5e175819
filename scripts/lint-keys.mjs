/**
 * Which files the lint has to look at: those of which it is not known that they were in order as they are now.
 *
 * Its rules ask for types, and a type may come from far. So the key of a file is made of its own content and that of everything that it
 * imports, directly or not, and of what holds for all: rules, compiler, packages, what is declared globally, and which project
 * imports which (the boundary rule looks for circles).
 */
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, isAbsolute, join, relative } from 'node:path';
import ts from 'typescript';

/** What ESLint may look at; what its settings leave out, it leaves out. */
const SOURCES = '{apps,libs,bench}/**/*.{ts,tsx,mts,cts,js,mjs,cjs}';
/** What holds for every file. Packages are installed as the lock file says before anything is checked. */
const FOR_ALL = [
  'eslint.config.mjs',
  'nx.json',
  'package-lock.json',
  'tsconfig*.json',
  '{apps,libs,bench}/**/tsconfig*.json',
];
const PROJECTS = ['package.json', '{apps,libs}/*/{package,project}.json'];
const NOT_OURS = ['**/node_modules', '**/dist', '.nx'];
const OURS = /^(\.{1,2}(\/|$)|@runledger\/)/;
/** Seen by files that do not import them. */
const IS_FOR_ALL = /\.d\.[mc]?ts$/;
const DECLARES_FOR_ALL = /\bdeclare\s+(global|module)\b/;

/**
 * `root`: the workspace. `file`: what is kept from one lint to the next. Answers the `paths` to look at, and `remember`, to be called
 * when all of them were found in order.
 */
export function unlinted(root, file) {
  const keys = lintKeys(root);
  const kept = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  const remember = () => {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(`${file}.${process.pid}`, JSON.stringify(Object.fromEntries(keys)));
    renameSync(`${file}.${process.pid}`, file);
  };
  return { paths: [...keys].flatMap(([path, key]) => (kept[path] === key ? [] : [path])), remember };
}

/** Path from the root → key, for every file that the lint may look at. */
export function lintKeys(root) {
  const found = patterns => globSync(patterns, { cwd: root, exclude: NOT_OURS }).toSorted();
  const files = new Files(root);
  const sources = found(SOURCES);
  for (const path of sources) files.read(path);
  const general = [
    process.version,
    ...found([...FOR_ALL, ...PROJECTS]).flatMap(path => [path, readFileSync(join(root, path), 'utf8')]),
    ...sources.filter(path => files.isForAll(path)).flatMap(path => files.behind(path)),
    ...files.borders(),
  ];
  const forAll = digest(general);
  return new Map(sources.map(path => [path, digest([forAll, path, ...files.behind(path)])]));
}

/** Files of the workspace and what they import, which need not be sources. */
class Files {
  #root;
  #options;
  #host;
  #resolved;
  /** Path → what it holds, and the paths of what it imports. */
  #known = new Map();

  constructor(root) {
    this.#root = root;
    const { config } = ts.readConfigFile(join(root, 'tsconfig.base.json'), ts.sys.readFile);
    this.#options = ts.parseJsonConfigFileContent({ ...config, files: [] }, ts.sys, root).options;
    this.#host = ts.sys;
    this.#resolved = ts.createModuleResolutionCache(root, name => name, this.#options);
  }

  read(path) {
    const known = this.#known.get(path);
    if (known) return known;
    const text = readFileSync(join(this.#root, path), 'utf8');
    const file = { content: digest([path, text]), isForAll: IS_FOR_ALL.test(path) || DECLARES_FOR_ALL.test(text) };
    this.#known.set(path, file);
    const { importedFiles, referencedFiles } = ts.preProcessFile(text, true, true);
    const names = new Set(importedFiles.map(({ fileName }) => fileName).filter(name => OURS.test(name)));
    for (const { fileName } of referencedFiles) names.add(fileName.startsWith('.') ? fileName : `./${fileName}`);
    file.imports = [...names].map(name => this.#find(name, path));
    return file;
  }

  isForAll(path) {
    return this.read(path).isForAll;
  }

  /** Contents of the file and of all that it imports, directly or not; the name of what is not there. */
  behind(path) {
    const met = new Set([path]);
    for (const each of met) {
      if (existsSync(join(this.#root, each))) for (const imported of this.read(each).imports) met.add(imported);
    }
    return [...met].map(each => this.#known.get(each)?.content ?? `${each} is missing`).toSorted();
  }

  /** Which project imports which. */
  borders() {
    const crossed = new Set();
    for (const [path, { imports }] of this.#known) {
      for (const imported of imports)
        if (projectOf(imported) !== projectOf(path)) crossed.add(`${projectOf(path)} > ${projectOf(imported)}`);
    }
    return [...crossed].toSorted();
  }

  #find(name, importer) {
    const at = join(this.#root, importer);
    const { resolvedModule } = ts.resolveModuleName(
      name,
      at,
      this.#options,
      this.#host,
      this.#resolved,
      undefined,
      ts.ModuleKind.ESNext,
    );
    const path = resolvedModule?.resolvedFileName ?? (name.startsWith('.') ? join(dirname(at), name) : name);
    return isAbsolute(path) ? relative(this.#root, path) : path;
  }
}

function projectOf(path) {
  return path.split(/[/\\]/).slice(0, 2).join('/');
}

function digest(texts) {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(`${text.length} `).update(text);
  return hash.digest('base64url');
}
