import { stat } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { slug, type StepFunctions } from '@runledger/contracts';
import { Fault } from '@runledger/kernel';
import type { FunctionsConfig } from './functions.config.js';

/** The module of functions cannot be used; the message says what to do. */
export class FunctionsInvalidError extends Fault {
  constructor(path: string, what: string, cause?: unknown) {
    const fix = 'Mend the module, or correct or leave out ORCHESTRATOR_FUNCTIONS.';
    super('FUNCTIONS_INVALID', `The functions of ${path} cannot be used: ${what} ${fix}`, { cause, fields: { path } });
  }
}

/** None where no module is named. Throws `FunctionsInvalidError`. */
export async function functionsOf({ module }: Pick<FunctionsConfig, 'module'>): Promise<StepFunctions> {
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
  const found = await stat(path).catch((cause: unknown) => {
    throw new FunctionsInvalidError(path, `${messageOf(cause)}.`, cause);
  });
  if (!found.isFile()) throw new FunctionsInvalidError(path, 'it is no file.');
  try {
    return (await import(pathToFileURL(path).href)) as { readonly default?: unknown };
  } catch (cause) {
    throw new FunctionsInvalidError(path, `${messageOf(cause)}${whereOf(cause, path)}.`, cause);
  }
}

function messageOf(thrown: unknown): string {
  return (thrown instanceof Error ? thrown.message : String(thrown)).replace(/\.$/, '');
}

/** Whoever wrote the module looks for the line. Of a syntax error the stack does not tell it. */
function whereOf(thrown: unknown, path: string): string {
  if (thrown instanceof SyntaxError) return ` (\`node --check ${path}\` shows where)`;
  const [, first] = thrown instanceof Error ? (/\n {4}at (.*)/.exec(thrown.stack ?? '') ?? []) : [];
  const [place] = /file:\/\/[^\s)]+/.exec(first ?? '') ?? [];
  return place === undefined ? '' : ` (${place})`;
}
