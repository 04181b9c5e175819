import { isDeeperThan, MAX_LEVELS } from '@runledger/contracts';
import { isStorable } from '@runledger/kernel';
import { z } from 'zod';
import { RequestError } from '../graph/request-errors.js';

/** Whoever reads these judges them as well, and refuses them with the place that is wrong. */
const JUDGED_WHERE_READ: ReadonlySet<string> = new Set(['parameters', 'source', 'definition']);

/** Reading what is deeper takes more stack than there is. Parameters that are just too deep are declined in writing instead. */
const MAX_REQUEST_LEVELS = 2 * MAX_LEVELS;

/**
 * Data of a request as the schema has it; what does not fit is the caller's affair: say where and what would fit, instead of
 * calling it a defect. So is a text that no store takes: it would be a fact that no table can show.
 */
export function fitting<Input>(schema: { parse(input: unknown): Input }, input: unknown): Input {
  const data = parsed(schema, input);
  const where = unstorableIn(data, []);
  if (where === undefined) return data;
  const message = `${where || 'The request'} holds the character NUL or half of a surrogate pair.`;
  throw new RequestError('BAD_USER_INPUT', message, 'Leave it out: no text has it.');
}

function parsed<Input>(schema: { parse(input: unknown): Input }, input: unknown): Input {
  if (isDeeperThan(input, MAX_REQUEST_LEVELS)) {
    const message = `The request is nested more than ${MAX_REQUEST_LEVELS} levels deep.`;
    throw new RequestError('BAD_USER_INPUT', message, 'Flatten it, or hand it over as text.');
  }
  try {
    return schema.parse(input);
  } catch (cause) {
    if (!(cause instanceof z.ZodError)) throw cause;
    const [issue] = cause.issues;
    const { message, fix } = wordsOf(issue?.path.join('.') || 'The request', issue);
    throw new RequestError('BAD_USER_INPUT', message, fix, { cause });
  }
}

function wordsOf(where: string, issue: z.core.$ZodIssue | undefined) {
  if (issue?.code === 'too_big' && issue.origin === 'string') {
    return { message: `${where} has more than ${issue.maximum} characters.`, fix: 'Shorten it.' };
  }
  if (issue?.code === 'too_small' && issue.origin === 'string') {
    return { message: `${where} is empty.`, fix: 'Fill it in, or leave it out where the schema lets you.' };
  }
  if (issue?.code === 'too_small' && issue.origin !== 'array') {
    return { message: `${where} is less than ${issue.minimum}.`, fix: `Give ${issue.minimum} or more.` };
  }
  if (issue?.code === 'too_big' && issue.origin !== 'array') {
    return { message: `${where} is more than ${issue.maximum}.`, fix: `Give ${issue.maximum} or less.` };
  }
  if (issue?.code === 'invalid_type') {
    const isMissing = /received undefined$/.test(issue.message);
    return isMissing
      ? { message: `${where} is missing.`, fix: `Add it, of the kind ${issue.expected}.` }
      : {
          message: `${where} has to be of the kind ${issue.expected}.`,
          fix: 'Look up in the reference what it may be.',
        };
  }
  if (issue?.code === 'unrecognized_keys') {
    const names = issue.keys.map(key => key.slice(0, 100)).join(', ');
    return {
      message: `${where} has nothing that is called ${names}.`,
      fix: 'Leave it out, or spell it as the reference does.',
    };
  }
  return { message: `${where}: ${issue?.message ?? 'does not fit'}.`, fix: 'Look up in the reference what it may be.' };
}

/** Where the first text stands that no store takes; undefined: nowhere. */
function unstorableIn(value: unknown, path: readonly string[]): string | undefined {
  if (typeof value === 'string') return isStorable(value) ? undefined : path.join('.');
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, member] of Object.entries(value)) {
    if (path.length === 0 && JUDGED_WHERE_READ.has(key)) continue;
    const found = isStorable(key) ? unstorableIn(member, [...path, key]) : path.join('.');
    if (found !== undefined) return found;
  }
  return undefined;
}
