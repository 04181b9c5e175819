import { Fault } from '@runledger/kernel';
import type { z } from 'zod';

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
 * says with `.describe()` what to set it to. An empty variable counts as left out. Throws {@link InvalidConfigError}.
 */
export function parseConfig<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<z.output<z.ZodObject<Shape>>> {
  const names = Object.keys(schema.shape);
  const given = Object.fromEntries(names.filter(name => environment[name]).map(name => [name, environment[name]]));
  const result = schema.safeParse(given);
  if (result.success) return Object.freeze(result.data);
  throw new InvalidConfigError(
    result.error.issues.map(issue => {
      const variable = String(issue.path[0] ?? names.join(', '));
      return {
        variable,
        message: messageOf(issue.message, variable in given),
        fix: fixOf(schema, variable, environment),
      };
    }),
  );
}

function messageOf(message: string, isSet: boolean): string {
  return isSet ? message.replace(/\.$/, '') : 'is not set';
}

function fixOf(
  schema: z.ZodObject,
  variable: string,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const member = schema.shape[variable] as z.ZodType | undefined;
  const wanted = member?.description ? `Set it to ${member.description}` : 'Set it to a value that fits';
  const optional = member?.safeParse(undefined).success === true && environment[variable] !== undefined;
  return optional ? `${wanted}, or leave it out.` : `${wanted}.`;
}
