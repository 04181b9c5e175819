import type { ContainerProgram } from './container-port.js';

/**
 * Reads what to start from the first line of its input, to the byte, so that the rest is the program's. The address of an `exec`
 * names its command, and clusters write addresses down in their audit logs: what is in an environment does not belong there, and
 * long commands do not fit.
 */
const READ_WORDS = `n='
'; IFS= read -r words || exit 125; eval "set -- $words"; unset n words; exec "$@"`;

/** What is started in place of any program. */
export const WORD_READER: readonly string[] = ['/bin/sh', '-c', READ_WORDS];

/** The line that it reads. */
export function wordsOf({ argv, env }: ContainerProgram): string {
  const variables = Object.entries(env).map(([variable, value]) => `${variable}=${value}`);
  return `${['env', ...variables, ...argv].map(quoted).join(' ')}\n`;
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`).replaceAll('\n', `'"$n"'`)}'`;
}
