/**
 * Writes the types of the API's schema and of the operations in libs/client/operations into libs/client/src/generated.ts.
 *
 *   node scripts/client.mjs      part of `npm run docs`; scripts/client.spec.mjs checks that it was run
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { codegen } from '@graphql-codegen/core';
import * as typedDocuments from '@graphql-codegen/typed-document-node';
import * as operationTypes from '@graphql-codegen/typescript-operations';
import { buildSchema, parse, printSchema, validate } from 'graphql';
import { format, resolveConfig } from 'prettier';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const target = join(root, 'libs/client/src/generated.ts');
const HEADER =
  '// Made by `npm run docs` from apps/gateway/schema.graphql and libs/client/operations. Do not edit it: edit those.\n';

export async function generated() {
  const schema = buildSchema(readFileSync(join(root, 'apps/gateway/schema.graphql'), 'utf8'));
  const files = globSync('libs/client/operations/*.graphql', { cwd: root }).sort();
  const documents = files.map(location => ({ location, document: parse(readFileSync(join(root, location), 'utf8')) }));
  const all = { kind: 'Document', definitions: documents.flatMap(({ document }) => document.definitions) };
  const [problem] = validate(schema, all);
  if (problem) throw problem;
  const config = {
    documentMode: 'string',
    enumsAsTypes: true,
    immutableTypes: true,
    skipTypename: false,
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
    plugins: [{ operationTypes: {} }, { typedDocuments: {} }],
    pluginMap: { operationTypes, typedDocuments },
  });
  return format(HEADER + source, { ...(await resolveConfig(target)), parser: 'typescript' });
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
