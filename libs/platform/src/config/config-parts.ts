import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { InvalidConfigError } from './parse-config.js';
import type { ConfigProblem } from './parse-config.js';

/** Reads all, so that the problems of all are told at once. */
export function allOf<Values extends readonly unknown[]>(
  ...parts: { [Part in keyof Values]: () => Values[Part] }
): Values {
  const problems: ConfigProblem[] = [];
  const read = <T>(part: () => T): T | undefined => {
    try {
      return part();
    } catch (error) {
      if (!(error instanceof InvalidConfigError)) throw error;
      problems.push(...error.problems);
      return undefined;
    }
  };
  const values: unknown[] = parts.map(part => read(part));
  if (problems.length > 0) throw new InvalidConfigError(problems);
  return values as unknown as Values;
}

/** Of a path that may begin at the home directory, or where the process was started. */
export function absolute(path: string): string {
  if (path.startsWith('~/')) return join(homedir(), path.slice(2));
  return isAbsolute(path) ? path : resolve(path);
}
