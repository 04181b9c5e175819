import { pathToFileURL } from 'node:url';
import { slug, type StepFunctions } from '@runledger/contracts';
import type { FunctionsConfig } from './functions.config.js';

/** The module of functions cannot be used; the message says what to do. */
export class FunctionsInvalidError extends Error {
  readonly code = 'FUNCTIONS_INVALID';

  constructor(path: string, what: string, options?: ErrorOptions) {
    super(`The functions of ${path} cannot be used: ${what}`, options);
    this.name = 'FunctionsInvalidError';
  }
}

/** None where no module is named. Throws `FunctionsInvalidError`. */
export async function functionsOf({ module }: FunctionsConfig): Promise<StepFunctions> {
  return module === undefined ? {} : loadFunctions(module);
}

/**
 * The functions that the module at an absolute path exports as its default: an object of functions, by their names.
 * Throws `FunctionsInvalidError`.
 */
export async function loadFunctions(path: string): Promise<StepFunctions> {
  const { default: exported } = await imported(path);
  if (typeof exported !== 'object' || exported === null || Array.isArray(exported)) {
    throw new FunctionsInvalidError(path, 'write `export default { "open-ticket": async (input, call) => … }`.');
  }
  for (const [name, value] of Object.entries(exported)) {
    if (typeof value !== 'function') throw new FunctionsInvalidError(path, `\`${name}\` is no function.`);
    if (!slug.safeParse(name).success) {
      throw new FunctionsInvalidError(path, `\`${name}\` is no name for flows: lower-case letters, digits and dashes.`);
    }
  }
  return exported as StepFunctions;
}

async function imported(path: string): Promise<{ readonly default?: unknown }> {
  try {
    return (await import(pathToFileURL(path).href)) as { readonly default?: unknown };
  } catch (cause) {
    throw new FunctionsInvalidError(path, cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
