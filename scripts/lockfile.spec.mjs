import { readFileSync } from 'node:fs';

const lock = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8')).packages;
const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

/** Where npm looks for a package that `path` asks for: its own node_modules, then those of everybody around it. */
function resolves(path, name) {
  for (let around = path; ; around = around.slice(0, Math.max(0, around.lastIndexOf('/node_modules/')))) {
    const at = around ? `${around}/node_modules/${name}` : `node_modules/${name}`;
    if (lock[at]) return true;
    if (!around) return false;
    if (!around.includes('/node_modules/')) return lock[`node_modules/${name}`] !== undefined;
  }
}

describe('package-lock.json', () => {
  it('lists the packages of every platform, so that npm ci works on all of them', () => {
    const missing = Object.entries(lock).flatMap(([path, entry]) =>
      Object.keys(entry.optionalDependencies ?? {})
        .filter(name => !resolves(path, name))
        .map(name => `${name}, which ${path || 'the workspace'} asks for`),
    );
    expect(missing).toEqual([]);
  });

  it('holds nothing that nobody asks for', () => {
    expect(Object.keys(lock).filter(path => lock[path].extraneous)).toEqual([]);
  });

  it('lets only reviewed packages run install scripts', () => {
    const reviewed = Object.keys(manifest.allowScripts);
    const scripted = Object.entries(lock)
      .filter(([, entry]) => entry.hasInstallScript)
      .map(([path, entry]) => entry.name ?? path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length));
    expect(scripted.filter(name => !reviewed.includes(name) && name !== 'fsevents')).toEqual([]);
  });

  it('names no download address: each machine asks the registry that it is set up for', () => {
    const addresses = Object.values(lock).map(entry => entry.resolved ?? '');
    expect(addresses.filter(address => address.startsWith('http'))).toEqual([]);
  });

  it('pins every direct dependency to one version', () => {
    const ranges = { ...manifest.dependencies, ...manifest.optionalDependencies };
    const loose = Object.entries(ranges).filter(([, range]) => !/^(npm:.+@)?\d+\.\d+\.\d+(-[\w.]+)?$/.test(range));
    expect(loose).toEqual([]);
  });
});
