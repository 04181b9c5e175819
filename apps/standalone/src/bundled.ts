/**
 * Loaded before a program (`node --import`): the program is started from its bundle, where one was made (`scripts/bundle.mjs`),
 * in place of the file that was named. That loads a dozen files and not three thousand, and what V8 made of them is kept beside them.
 */
import { existsSync } from 'node:fs';
import module from 'node:module';
import { fileURLToPath } from 'node:url';

const programs = new URL('./', import.meta.url).href;

// Node 20 has no such hooks, and starts from the separate files.
if (typeof module.registerHooks === 'function') {
  const hooks = module.registerHooks({
    resolve: (specifier, context, next) => {
      const named = next(specifier, context);
      if (context.parentURL !== undefined || !named.url.startsWith(programs)) return named;
      hooks.deregister();
      const url = `${programs}bundle/${named.url.slice(programs.length)}`;
      if (!existsSync(new URL(url))) return named;
      module.enableCompileCache(fileURLToPath(`${programs}bundle/compiled`)); // where that cannot be written, nothing is kept
      return { ...named, url };
    },
  });
}
