/** How the programs of scripts/, chaos/ and infra/ read what stands behind them. Needs nothing that must be compiled. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const MISUSED = 2;

/**
 * What stands behind the program at `url`, as `parseArgs` reads it. `--help` prints the comment with which its file begins, and ends
 * with 0; what is wrong is said in one line above it, and ends with 2.
 */
export function commandLine(url, config) {
  const program = process.argv.slice(2);
  const end = program.indexOf('--');
  const asked = program.slice(0, end < 0 ? program.length : end);
  if (asked.includes('--help') || asked.includes('-h')) {
    console.log(helpOf(url));
    process.exit(0);
  }
  try {
    return parseArgs(config);
  } catch (error) {
    if (!error.code?.startsWith('ERR_PARSE_ARGS_')) throw error;
    return misused(url, error.message.replace(/\.\s[^]*/, ''));
  }
}

/** Says what is wrong, how it is right, and ends with 2. */
export function misused(url, why) {
  console.error(`${why}.\n\n${helpOf(url)}`);
  process.exit(MISUSED);
}

/** Those values, as finite numbers of at least `least`; ends with 2 when one is none. Undefined stays undefined. */
export function numbersOf(url, values, names, { least = 0 } = {}) {
  return Object.fromEntries(
    names.map(name => {
      const text = values[name];
      if (text === undefined) return [name, undefined];
      const number = Number(text);
      if (text.trim() === '' || !Number.isFinite(number) || number < least)
        misused(url, `--${name} ${text} is no number from ${least}`);
      return [name, number];
    }),
  );
}

/** One of those, or an end with 2. */
export function oneOf(url, name, value, allowed) {
  if (!allowed.includes(value)) misused(url, `--${name} ${value} is none of ${allowed.join(', ')}`);
  return value;
}

/** The first comment of a file, without its stars. */
function helpOf(url) {
  const [, comment] = /\/\*\*([^]*?)\*\//.exec(readFileSync(fileURLToPath(url), 'utf8'));
  return comment
    .replace(/^ ?\* ?/gm, '')
    .replace(/^ \* ?/gm, '')
    .trim();
}
