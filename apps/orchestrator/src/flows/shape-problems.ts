import { closestWord } from '@runledger/kernel';
import { flowDocument, keysAt } from '@runledger/contracts';
import type { Problem } from '@runledger/kernel';
import type { z } from 'zod';
import { pathText, type LocatedDocument, type Path } from './located-document.js';

type Issue = z.core.$ZodIssue;

/** What does not fit the format: unknown and missing keys, wrong types, values out of bounds. */
export function shapeProblems(document: LocatedDocument): Problem[] {
  const parsed = flowDocument.safeParse(document.value);
  return parsed.success ? [] : issueProblems(document, parsed.error.issues);
}

/** The problems that zod's issues stand for, each at its place in the document. */
export function issueProblems(document: LocatedDocument, issues: readonly Issue[]): Problem[] {
  return issues.flatMap(issue => {
    if (issue.code === 'unrecognized_keys') return issue.keys.map(key => unknownKey(document, issue.path, key));
    const inner = issue.code === 'invalid_union' ? meantBranch(issue, document.value) : undefined;
    if (inner) return issueProblems(document, inner);
    if (isMissing(document.value, issue.path)) return [missingKey(document, issue.path)];
    return [wrongValue(document, issue)];
  });
}

/** Whoever wrote a block meant the form that is a block: its own problems say more than that no form fits. */
function meantBranch(issue: z.core.$ZodIssueInvalidUnion, root: unknown): Issue[] | undefined {
  const value = valueAt(root, issue.path);
  if (typeof value !== 'object' || value === null) return undefined;
  const branch = issue.errors.find(
    issues => !issues.some(({ code, path }) => code.startsWith('invalid') && path.length === 0),
  );
  return branch?.map(inner => ({ ...inner, path: [...issue.path, ...inner.path] }));
}

function unknownKey(document: LocatedDocument, path: Path, key: string): Problem {
  const known = [...keysAt(path).keys()];
  const meant = closestWord(key, known);
  const fix = meant === undefined ? `Keys known here: ${known.join(', ')}.` : `Did you mean \`${meant}\`?`;
  return document.problem(path, `\`${key}\` is not known here.`, { fix, key });
}

function missingKey(document: LocatedDocument, path: Path): Problem {
  const parent = path.slice(0, -1);
  const key = String(path.at(-1));
  const meaning = keysAt(parent).get(key) ?? '';
  const problem = document.problem(parent, `\`${key}\` is missing.`, {
    fix: `Add \`${key}\`.${meaning === '' ? '' : ` ${meaning}`}`,
  });
  return { ...problem, path: pathText(path) };
}

function wrongValue(document: LocatedDocument, issue: Issue): Problem {
  const value = valueAt(document.value, issue.path);
  const [message, fix] = wrongness(issue, value);
  return document.problem(issue.path, message, { fix });
}

/** What is wrong, and what to write instead. */
function wrongness(issue: Issue, value: unknown): readonly [message: string, fix: string] {
  switch (issue.code) {
    case 'invalid_value': {
      const options = issue.values.map(String);
      return [`${shown(value)} is not one of ${options.join(', ')}.`, wordMeant(value, options)];
    }
    case 'invalid_type': {
      const fix = issue.path.length === 0 ? 'Write a block with `slug` and `steps`.' : (KINDS[issue.expected] ?? '');
      return [`Expected ${issue.expected}, found ${kindOfValue(value)}.`, fix || `Write a ${issue.expected}.`];
    }
    case 'too_small':
      return [notAccepted(issue.message), `Write ${amountOf(issue.origin)} ${issue.minimum} or more.`];
    case 'too_big':
      return [notAccepted(issue.message), `Write ${amountOf(issue.origin)} at most ${issue.maximum}.`];
    case 'invalid_union': {
      const words = wordsOf(issue);
      if (issue.message !== NO_WORDS) return [notAccepted(issue.message), wordMeant(value, words, issue.message)];
      return [`${shown(value)} is not accepted here.`, wordMeant(value, words)];
    }
    default:
      return [notAccepted(issue.message), `Write ${issue.message}.`];
  }
}

/** What the library says of a union that says nothing of itself. */
const NO_WORDS = 'Invalid input';

const KINDS: Readonly<Record<string, string>> = {
  array: 'Write a list, as in `[first, second]`.',
  object: 'Write a block, as in `{ key: value }`.',
  string: 'Write a text, in quotes where it could be read as something else.',
  int: 'Write a whole number.',
  boolean: 'Write `true` or `false`.',
};

function notAccepted(expected: string): string {
  return `Not accepted here; expected: ${expected}.`;
}

/** As in “a list of 1 or more”. */
function amountOf(origin: string): string {
  if (origin === 'array' || origin === 'set') return 'a list of';
  return origin === 'string' ? 'a text of so many characters:' : 'a number,';
}

function wordMeant(value: unknown, options: readonly string[], otherwise?: string): string {
  const meant = typeof value === 'string' ? closestWord(value, options) : undefined;
  if (meant !== undefined) return `Did you mean \`${meant}\`?`;
  if (otherwise !== undefined) return `Write ${otherwise}.`;
  return options.length === 0
    ? 'Look up what the reference of the format says.'
    : `Write one of ${options.join(', ')}.`;
}

/** The words that any form of a union would take. */
function wordsOf({ errors }: z.core.$ZodIssueInvalidUnion): string[] {
  return errors.flat().flatMap(inner => (inner.code === 'invalid_value' ? inner.values.map(String) : []));
}

function isMissing(value: unknown, path: Path): boolean {
  return path.length > 0 && valueAt(value, path) === undefined && typeof path.at(-1) === 'string';
}

export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((at, part) => {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, part)) return undefined;
    return (at as Record<PropertyKey, unknown>)[part];
  }, value);
}

function shown(value: unknown): string {
  return typeof value === 'string' ? `\`${value.slice(0, 80)}\`` : kindOfValue(value);
}

function kindOfValue(value: unknown): string {
  if (value === null) return 'nothing';
  return Array.isArray(value) ? 'a list' : `${typeof value === 'object' ? 'a block' : typeof value}`;
}
