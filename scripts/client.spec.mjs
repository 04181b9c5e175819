import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSchema, parse, validate } from 'graphql';
import { generated } from './client.mjs';

describe('the client package', () => {
  it('knows the schema as it is: run `npm run docs` after a change of it or of libs/client/operations', async () => {
    const committed = readFileSync(join(import.meta.dirname, '../libs/client/src/generated.ts'), 'utf8');
    expect(await generated()).toBe(committed);
  });

  it('holds each fragment once, however many documents use it, and each document as the API takes it', async () => {
    const text = await generated();
    const fragments = [...text.matchAll(/\bfragment (\w+) on /g)].map(([, name]) => name);
    expect(fragments.length).toBeGreaterThan(3);
    expect(fragments).toEqual([...new Set(fragments)]);
    const schema = buildSchema(readFileSync(join(import.meta.dirname, '../apps/gateway/schema.graphql'), 'utf8'));
    const documents = Object.entries(await import('@runledger/client')).filter(([name]) => name.endsWith('Document'));
    const problems = documents.flatMap(([, document]) => validate(schema, parse(String(document))));
    expect(problems).toEqual([]);
  });
});
