import { closestWord } from '@runledger/kernel';
import type { Problem } from '@runledger/kernel';
import { z } from 'zod';

type Path = readonly PropertyKey[];
type Issue = z.core.$ZodIssue;

/**
 * What keeps a value that somebody wrote from being what the schema wants: one problem for each place, with what belongs there. It
 * says where, and never what was written: that may be a secret.
 */
export function misfits(schema: z.ZodType, written: unknown): Problem[] {
  const { error } = schema.safeParse(written);
  return (error?.issues ?? []).flatMap(issue => {
    if (issue.code !== 'unrecognized_keys') return [misfit(schema, written, issue)];
    return issue.keys.map(key => unknownKey(schema, issue.path, key));
  });
}

function misfit(schema: z.ZodType, written: unknown, issue: Issue): Problem {
  const at = { path: issue.path.map(String).join('.') };
  const meaning = schemaAt(schema, issue.path)?.description ?? '';
  if (issue.path.length > 0 && valueAt(written, issue.path) === undefined)
    return { ...at, message: `\`${String(issue.path.at(-1))}\` is missing.`, fix: `Add it. ${meaning}`.trim() };
  return { ...at, message: messageOf(issue), ...(meaning !== '' && { fix: meaning }) };
}

function messageOf(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `This has to be of the kind ${issue.expected}.`;
    case 'invalid_value':
      return `This has to be one of ${issue.values.map(String).join(', ')}.`;
    case 'invalid_union':
      return 'This has none of the forms that it may have.';
    default:
      return issue.message;
  }
}

function unknownKey(schema: z.ZodType, path: Path, key: string): Problem {
  const around = schemaAt(schema, path);
  const known = around instanceof z.ZodObject ? Object.keys(around.shape) : [];
  const meant = closestWord(key, known);
  const fix = meant === undefined ? `Leave it out. Known here: ${known.join(', ')}.` : `Did you mean \`${meant}\`?`;
  const place = [...path.map(String), key].join('.');
  return { path: place, message: `\`${key.slice(0, 100)}\` is not known here.`, fix };
}

/** What the schema wants at a place, without what may surround it; undefined where that depends on what is written. */
function schemaAt(schema: z.ZodType, path: Path): z.ZodType | undefined {
  if (path.length === 0) return schema;
  const [key, ...rest] = path;
  const bare = schema instanceof z.ZodOptional ? (schema.unwrap() as z.ZodType) : schema;
  const inner: unknown =
    bare instanceof z.ZodObject ? bare.shape[String(key)] : bare instanceof z.ZodArray ? bare.element : undefined;
  return inner instanceof z.ZodType ? schemaAt(inner, rest) : undefined;
}

function valueAt(written: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, key) => (value as Readonly<Record<PropertyKey, unknown>> | null)?.[key], written);
}
