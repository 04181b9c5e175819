import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The SDL of all slices: the files lie beside their resolvers, in the sources and in the compiled program alike. */
export function gatewayTypeDefs(): string {
  const root = join(import.meta.dirname, '..');
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.graphql'))
    .sort()
    .map(file => readFileSync(join(root, file), 'utf8'))
    .join('\n');
}
