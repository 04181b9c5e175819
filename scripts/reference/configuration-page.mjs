import { CONFIGURATION } from '@runledger/standalone/configuration';
import { z } from 'zod';
import { code, joined, pageHead, table } from './markdown.mjs';

const INTRO = [
  'Environment variables are the only settings. They are read once, at the start; an empty one counts as left out. A variable that',
  'cannot be used stops the start, and all of them are named at once. Instead of `X`, `X_FILE` may name a file that holds the value.',
  '',
].join('\n');

/** Every variable of every process: `{ title, intro, variables }` for each part, variables by their zod schema. */
export function configurationPage(parts = CONFIGURATION) {
  return joined([...pageHead('Configuration', INTRO), ...parts.flatMap(section)]);
}

function section({ title, intro, variables }) {
  const rows = Object.entries(variables.shape).map(([name, member]) => variableRow(name, member));
  return [`## ${title}`, '', intro, '', ...table(['Variable', 'Type', 'Default', 'Set it to'], rows)];
}

/** What a value looks like; patterns are left to the words. */
function kindOf({ type, enum: values, minimum, maximum, format }) {
  if (values) return values.map(code).join(', ');
  if (type === 'string') return format === 'uri' ? 'URL' : 'text';
  if (minimum !== undefined && maximum !== undefined) return `number, ${minimum} to ${maximum}`;
  return type;
}

function variableRow(name, member) {
  if (!member.description) throw new Error(`${name} is not described; the reference needs a meaning.`);
  const { default: preset, description, ...schema } = z.toJSONSchema(member, { unrepresentable: 'any' });
  const isOptional = member.safeParse(undefined).success;
  const fallback = preset === undefined || preset === '' ? (isOptional ? '' : 'required') : code(preset);
  return [code(name), kindOf(schema), fallback, description];
}
