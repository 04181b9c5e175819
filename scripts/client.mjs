/**
 * Writes the types of the API's schema and of the operations in libs/client/operations into libs/client/src/generated.ts.
 *
 *   node scripts/client.mjs      part of `npm run docs`; scripts/client.spec.mjs checks that it was run
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { codegen } from '@graphql-codegen/core';
import * as operationTypes from '@graphql-codegen/typescript-operations';
import { buildSchema, Kind, parse, print, printSchema, validate, visit } from 'graphql';
import { format, resolveConfig } from 'prettier';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const target = join(root, 'libs/client/src/generated.ts');
const HEADER =
  '// Made by `npm run docs` from apps/gateway/schema.graphql and libs/client/operations. Do not edit it: edit those.\n';

const IMPORTS = "import { TypedDocumentString } from './typed-document-string.js';\n";

export async function generated() {
  const schema = buildSchema(readFileSync(join(root, 'apps/gateway/schema.graphql'), 'utf8'));
  const files = globSync('libs/client/operations/*.graphql', { cwd: root }).sort();
  const documents = files.map(location => ({ location, document: parse(readFileSync(join(root, location), 'utf8')) }));
  const all = { kind: 'Document', definitions: documents.flatMap(({ document }) => document.definitions) };
  const [problem] = validate(schema, all);
  if (problem) throw problem;
  const config = {
    enumsAsTypes: true,
    immutableTypes: true,
    skipTypename: false,
    inlineFragmentTypes: 'combine',
    useTypeImports: true,
    strictScalars: true,
    scalars: scalarsOf(schema),
    avoidOptionals: { field: true },
  };
  const source = await codegen({
    schema: parse(printSchema(schema)),
    documents,
    config,
    filename: target,
    plugins: [{ operationTypes: {} }],
    pluginMap: { operationTypes },
  });
  return format(`${HEADER}${IMPORTS}${source}\n${documentsIn(all.definitions)}`, {
    ...(await resolveConfig(target)),
    parser: 'typescript',
  });
}

/**
 * The text of each operation, which names its fragments: each of them stands here once, however many operations use it, and bundlers
 * leave out what nobody imports.
 */
function documentsIn(definitions) {
  const fragments = new Map(definitions.filter(isFragment).map(node => [node.name.value, node]));
  const texts = [...fragments.values()].map(node => `const ${node.name.value} = \`${print(node)}\`;`);
  const operations = definitions.filter(node => !isFragment(node)).map(node => documentOf(node, fragments));
  return [...texts, ...operations].join('\n');
}

function documentOf(node, fragments) {
  const name = node.name.value;
  const type = `${name}${node.operation[0].toUpperCase()}${node.operation.slice(1)}`;
  const used = [...usedBy(node, fragments)];
  const list = used.length > 0 ? `, [${used.join(', ')}]` : '';
  const made = `/*#__PURE__*/ new TypedDocumentString<${type}, ${type}Variables>(\`${print(node)}\`${list})`;
  return `export const ${name}Document = ${made};`;
}

/** The names of the fragments that are spread in it, and in those. */
function usedBy(node, fragments, found = new Set()) {
  visit(node, {
    FragmentSpread: ({ name: { value } }) => {
      if (found.has(value)) return;
      found.add(value);
      usedBy(fragments.get(value), fragments, found);
    },
  });
  return found;
}

function isFragment({ kind }) {
  return kind === Kind.FRAGMENT_DEFINITION;
}

/** As they travel: whole numbers beyond 2^53 and instants are text. */
function scalarsOf(schema) {
  const own = { JSON: 'unknown', JSONObject: 'Record<string, unknown>' };
  const names = Object.values(schema.getTypeMap()).filter(type => type.astNode?.kind === 'ScalarTypeDefinition');
  return Object.fromEntries(names.map(({ name }) => [name, own[name] ?? 'string']));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(target, await generated());
  console.log('wrote libs/client/src/generated.ts');
}
