import { stringify } from 'yaml';
import { typeOf } from './json-schema-fields.mjs';
import { code, joined, pageHead, table } from './markdown.mjs';

/** The page for the JSON Schema (draft 2020-12) of what people write: one section per object, one row per keyword. */
export function formatPage(title, schema, intro = schema.description) {
  return joined([...pageHead(title, `${intro}\n`), ...objectsOf(schema).flatMap(section)]);
}

function section({ title, schema, root }) {
  const required = schema.required ?? [];
  const rows = Object.entries(schema.properties).map(([keyword, property]) => [
    code(keyword),
    typeOf({ ...follow(property, root), default: undefined }, root),
    required.includes(keyword) ? 'yes' : 'no',
    meaning(property, root),
    example(keyword, property),
  ]);
  return [
    `## ${title}`,
    '',
    schema.description && title !== 'Document' ? `${schema.description}\n` : '',
    ...table(['Keyword', 'Type', 'Required', 'Meaning', 'Example'], rows),
  ];
}

function meaning(property, root) {
  const target = follow(property, root);
  const description = property.description ?? target.description ?? '';
  const fallback = property.default ?? target.default;
  return fallback === undefined || /default/i.test(description)
    ? description
    : `${description} Default ${code(JSON.stringify(fallback))}.`.trim();
}

/** One line of YAML, as an author would write it. */
function example(keyword, { examples: [first] = [] }) {
  if (first === undefined) return '';
  return code(
    stringify({ [keyword]: first }, { lineWidth: 0, collectionStyle: 'flow', flowCollectionPadding: true })
      .trim()
      .replace(/^\{ /, '')
      .replace(/ \}$/, ''),
  );
}

/** Every object with keywords in the schema, the document first, each once, named by the way to it. */
function objectsOf(root) {
  const seen = new Set();
  const found = [];
  const visit = (schema, title) => {
    const target = follow(schema, root);
    if (typeof target !== 'object' || seen.has(target)) return;
    seen.add(target);
    if (target.properties) found.push({ title, schema: target, root });
    for (const [name, property] of Object.entries(target.properties ?? {})) visit(property, below(title, name));
    if (typeof target.additionalProperties === 'object') visit(target.additionalProperties, `${title}.<name>`);
    if (target.items) visit(target.items, `${title}[]`);
    for (const option of [...(target.anyOf ?? []), ...(target.oneOf ?? []), ...(target.allOf ?? [])])
      visit(option, title);
  };
  visit(root, 'Document');
  return found;
}

function below(title, name) {
  return title === 'Document' ? name : `${title}.${name}`;
}

function follow(schema, root) {
  if (typeof schema !== 'object' || schema === null || !schema.$ref) return schema;
  const parts = schema.$ref
    .replace(/^#\/?/, '')
    .split('/')
    .filter(part => part !== '');
  return follow(
    parts.reduce((at, part) => at?.[part], root),
    root,
  );
}
