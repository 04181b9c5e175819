/**
 * What Jest runs spec files with, in place of its own loader: Node's. A worker keeps every module that it has loaded, ours and
 * those of packages, for the spec files that follow. Jest's own loader compiles and runs all of them anew for each spec file,
 * in a realm of its own where even V8's compile cache has no say: three seconds for whatever imports the gateway.
 *
 * Spec files share a process this way, as modules of one program do. What they may change in it is put back by
 * native-environment.mjs. Modules are not mocked: nothing of ours is, and there is no `jest.mock` here.
 */
import module from 'node:module';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { loadSources } from './source-hooks.mjs';

const require = module.createRequire(import.meta.url);
const EVENT_HANDLERS = Symbol.for('EVENT_HANDLERS');
const TEST_TIMEOUT = Symbol.for('TEST_TIMEOUT_SYMBOL');
const OPTIONS = {
  isInternalModule: false,
  supportsDynamicImport: true,
  supportsExportNamespaceFrom: true,
  supportsStaticESM: true,
  supportsTopLevelAwait: true,
};
/** Source file → its map, for stacks. */
const sourceMaps = new Map();
/** Who compiles and keeps: that of the spec file at hand; all have the same settings. */
let transformer;

class NativeRuntime {
  #environment;

  constructor(_config, environment, _resolver, scriptTransformer) {
    this.#environment = environment;
    if (transformer === undefined)
      loadSources(compile, new Map([['@jest/globals', import.meta.resolve('./globals.mjs')]]));
    transformer = scriptTransformer;
  }

  unstable_shouldLoadAsEsm() {
    return true;
  }

  async unstable_importModule(path) {
    return import(pathToFileURL(path).href);
  }

  requireModule(path) {
    return require(path);
  }

  /** The framework: a new instance for each spec file, which has its state in it. */
  requireInternalModule(path) {
    delete globalThis[EVENT_HANDLERS];
    delete require.cache[path];
    return require(path);
  }

  setGlobalsForRuntime() {
    globalThis.jest = jestOf(this.#environment);
  }

  getSourceMaps() {
    return sourceMaps;
  }

  enterTestCode() {}

  leaveTestCode() {}

  getAllCoverageInfoCopy() {
    return undefined;
  }

  teardown() {
    delete globalThis[TEST_TIMEOUT];
    delete globalThis.jest;
  }
}

function compile(path) {
  const result = transformer.transform(path, OPTIONS, readFileSync(path, 'utf8'));
  for (const name of [path, pathToFileURL(path).href])
    if (result.sourceMapPath) sourceMaps.set(name, result.sourceMapPath);
  return result;
}

/** As much of the `jest` object as there is a use for. */
function jestOf({ fakeTimersModern, moduleMocker }) {
  return {
    setTimeout: ms => void (globalThis[TEST_TIMEOUT] = ms),
    fn: implementation => moduleMocker.fn(implementation),
    spyOn: (object, method, access) => moduleMocker.spyOn(object, method, access),
    restoreAllMocks: () => moduleMocker.restoreAllMocks(),
    useFakeTimers: options => fakeTimersModern.useFakeTimers(options),
    useRealTimers: () => fakeTimersModern.useRealTimers(),
    advanceTimersByTime: ms => fakeTimersModern.advanceTimersByTime(ms),
    getTimerCount: () => fakeTimersModern.getTimerCount(),
    setSystemTime: now => fakeTimersModern.setSystemTime(now),
  };
}

export { NativeRuntime as default, NativeRuntime as 'module.exports' };
