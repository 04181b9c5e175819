import { readFileSync } from 'node:fs';
import { Fault } from '@runledger/kernel';
import type { z } from 'zod';

type Environment = Readonly<Record<string, string | undefined>>;

/** One variable that cannot be used, and what to set instead. */
export interface ConfigProblem {
  readonly variable: string;
  readonly message: string;
  readonly fix: string;
}

/** Some variables cannot be used; all of them are listed. Values are left out: some are secret. */
export class InvalidConfigError extends Fault {
  constructor(readonly problems: readonly ConfigProblem[]) {
    const lines = problems.map(({ variable, message, fix }) => `  ${variable}: ${message}. ${fix}`);
    super('INVALID_CONFIG', `Cannot start with this environment:\n${lines.join('\n')}`, { fields: { problems } });
  }
}

/**
 * Reads the variables of one `*.config.ts` from the environment, once, at start. Each member of the schema is a variable and
 * says with `.describe()` what to set it to. An empty variable counts as left out. Instead of `X`, `X_FILE` may name a file
 * that holds the value: secrets then show in no list of processes. Throws {@link InvalidConfigError}.
 */
export function parseConfig<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  environment: Environment,
): Readonly<z.output<z.ZodObject<Shape>>> {
  const names = Object.keys(schema.shape);
  const { values: given, problems } = givenValues(names, environment);
  const result = schema.safeParse(given);
  if (result.success && problems.length === 0) return Object.freeze(result.data);
  const unread = problems.map(({ variable }) => variable.replace(/_FILE$/, ''));
  const issues = (result.error?.issues ?? []).filter(({ path }) => !unread.includes(String(path[0])));
  throw new InvalidConfigError([
    ...problems,
    ...issues.map(issue => {
      const variable = String(issue.path[0] ?? names.join(', '));
      return {
        variable,
        message: messageOf(issue.message, variable in given),
        fix: fixOf(schema, variable, environment),
      };
    }),
  ]);
}

/** Empty variables are left out. A file's last line break belongs to the file, not to the value. */
function givenValues(names: readonly string[], environment: Environment) {
  const values: Record<string, string> = {};
  const problems: ConfigProblem[] = [];
  for (const name of names) {
    const [value, file] = [environment[name], environment[`${name}_FILE`]];
    if (value) values[name] = value;
    if (!file) continue;
    const variable = `${name}_FILE`;
    if (value) {
      problems.push({ variable, message: `is set, and ${name} as well`, fix: 'Leave one of the two out.' });
      continue;
    }
    try {
      const text = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
      if (text !== '') values[name] = text;
    } catch (error) {
      const { code = 'failed' } = error as NodeJS.ErrnoException;
      problems.push({
        variable,
        message: `names a file that cannot be read (${code}): ${file}`,
        fix: 'Correct the path, or let this user read the file.',
      });
    }
  }
  return { values, problems };
}

function messageOf(message: string, isSet: boolean): string {
  return isSet ? message.replace(/\.$/, '') : 'is not set';
}

function fixOf(schema: z.ZodObject, variable: string, environment: Environment): string {
  const member = schema.shape[variable] as z.ZodType | undefined;
  const wanted = member?.description ? `Set it to ${member.description}` : 'Set it to a value that fits';
  const optional = member?.safeParse(undefined).success === true && environment[variable] !== undefined;
  return optional ? `${wanted}, or leave it out.` : `${wanted}.`;
}
