/**
 * Lets Node itself load the sources of this workspace: TypeScript compiled as it comes (and kept by content, as Jest keeps it),
 * `./x.js` found as `./x.ts`, and packages of the workspace by their sources.
 */
import { existsSync } from 'node:fs';
import module from 'node:module';
import { fileURLToPath } from 'node:url';

const TYPESCRIPT = /\.ts$/;
const OUR_PACKAGE = /^@runledger\//;
const RELATIVE_SCRIPT = /^\.{1,2}\/.*\.js$/;

/** `compile`: path and text → JavaScript. `replaced`: specifier → the URL of what stands for it. */
export function loadSources(compile, replaced) {
  module.registerHooks({
    resolve(specifier, context, next) {
      const instead = replaced.get(specifier);
      if (instead !== undefined) return { url: instead, format: 'module', shortCircuit: true };
      if (OUR_PACKAGE.test(specifier)) {
        return next(specifier, { ...context, conditions: ['@runledger/source', ...context.conditions] });
      }
      const source = context.parentURL && RELATIVE_SCRIPT.test(specifier) && sourceBehind(specifier, context.parentURL);
      return next(source || specifier, context);
    },
    load(url, context, next) {
      if (!url.startsWith('file:') || !TYPESCRIPT.test(url)) return next(url, context);
      const { code } = compile(fileURLToPath(url));
      return { format: 'module', source: code, shortCircuit: true };
    },
  });
}

function sourceBehind(specifier, parentUrl) {
  if (parentUrl.includes('/node_modules/')) return undefined;
  const url = new URL(specifier.replace(/\.js$/, '.ts'), parentUrl);
  return existsSync(url) ? url.href : undefined;
}
