import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { catalogue, jsonSchemaOf } from '@runledger/contracts';
import { format, resolveConfig } from 'prettier';

/**
 * Publishes the JSON Schema of each event version that has none yet. A file that exists is a promise and is never written
 * again: a spec of the contracts fails when today's schema differs from it.
 */
export async function writeNewSchemas(root) {
  const folder = 'libs/contracts/schemas';
  mkdirSync(join(root, folder), { recursive: true });
  const unpublished = catalogue
    .definitions()
    .map(definition => ({ definition, path: `${folder}/${definition.type}.v${definition.version}.json` }))
    .filter(({ path }) => !existsSync(join(root, path)));
  for (const { definition, path } of unpublished) {
    const style = await resolveConfig(join(root, path));
    const text = await format(JSON.stringify(jsonSchemaOf(definition)), { ...style, parser: 'json' });
    writeFileSync(join(root, path), text);
  }
  return unpublished.map(({ path }) => path);
}
