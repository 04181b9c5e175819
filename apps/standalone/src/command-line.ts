import { parseArgs } from 'node:util';
import type { ParseArgsConfig } from 'node:util';

/** The exit code of a command that was not understood. */
const MISUSED = 2;

type Parsed<T extends ParseArgsConfig> = ReturnType<typeof parseArgs<T>>;

/**
 * What stands behind the program, as `parseArgs` reads it. Ends the process when there is nothing to do: with 0 and the help where
 * `--help` stands, and as {@link misused} where an option is unknown or lacks its value.
 */
export function readCommandLine<const T extends ParseArgsConfig>(help: string, config: T): Parsed<T> {
  helpWhenAsked(help);
  try {
    const args: string[] = process.argv.slice(2);
    const whole: T = { ...config, args };
    return parseArgs(whole);
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    if (!code.startsWith('ERR_PARSE_ARGS_')) throw error;
    return misused(help, message.replace(/\.\s[^]*/, '')); // what follows is about programs in general
  }
}

/** For programs that are told nothing but by their environment: an option that is not heeded must not look as if it were. */
export function refuseArguments(help: string): void {
  const { positionals } = readCommandLine(help, { allowPositionals: true, options: {} });
  if (positionals.length > 0) misused(help, `Nothing is known of "${positionals.join(' ')}"`);
}

/** Prints the help and ends the process with 0 when `--help` stands behind the program. */
export function helpWhenAsked(help: string): void {
  if (!asksForHelp(process.argv.slice(2))) return;
  process.stdout.write(`${help}\n`);
  process.exit(0);
}

/** Says what was wrong and how it is right, and ends the process with 2. */
export function misused(help: string, why?: string): never {
  process.stderr.write(why === undefined ? `${help}\n` : `${why.replace(/\.?$/, '.')}\n\n${help}\n`);
  process.exit(MISUSED);
}

/**
 * Whoever reads the output may have seen enough, as `head` has: what was begun is done to its end all the same, and nothing more is said.
 */
export function outliveReaders(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

/** Not what stands behind a `--`, where everything is a name. */
function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return args.slice(0, end < 0 ? args.length : end).some(each => each === '--help' || each === '-h');
}
