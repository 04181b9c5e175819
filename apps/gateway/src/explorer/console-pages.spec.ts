import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSchema, parse, validate } from 'graphql';
import type { GraphQLEnumType } from 'graphql';

const HERE = import.meta.dirname;
const PUBLIC = join(HERE, 'public');
const schema = buildSchema(readFileSync(join(HERE, '..', '..', 'schema.graphql'), 'utf8'));

describe('the pages of the console', () => {
  it('ask for nothing that the API does not have', async () => {
    const texts = textsOf((await import(join(PUBLIC, 'queries.js'))) as object);
    expect(texts.length).toBeGreaterThan(10);
    const problems = texts.flatMap(text => validate(schema, parse(text)).map(({ message }) => `${message} in ${text}`));
    expect(problems).toEqual([]);
  });

  it('are served with every file that they import', () => {
    const served = readFileSync(join(HERE, 'console-routes.ts'), 'utf8');
    const missing = reachedFrom('console.js').filter(file => !served.includes(`'${file}'`));
    expect(missing).toEqual([]);
  });

  it('let no rule that is meant for something else move the button of a decision', () => {
    const decisions = (schema.getType('GateDecision') as GraphQLEnumType).getValues().map(({ name }) => name);
    expect(decisions).toContain('SKIP');
    const rules = readFileSync(join(PUBLIC, 'console.css'), 'utf8');
    const taken = decisions.filter(name => new RegExp(`^\\.${name.toLowerCase()}\\b(?!-)`, 'm').test(rules));
    expect(taken).toEqual([]);
  });

  it('consist of files that are used', () => {
    const used = new Set(['console.js', 'explorer.js', 'catalogue.js'].flatMap(file => reachedFrom(file)));
    const scripts = readdirSync(PUBLIC).filter(file => file.endsWith('.js'));
    expect(scripts.filter(file => !used.has(file))).toEqual([]);
  });
});

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return Object.values(value as object).flatMap(textsOf);
}

function reachedFrom(file: string, seen = new Set<string>()): string[] {
  if (seen.has(file)) return [];
  seen.add(file);
  const text = readFileSync(join(PUBLIC, file), 'utf8');
  for (const [, next = ''] of text.matchAll(/from '\.\/([\w-]+\.js)'/g)) reachedFrom(next, seen);
  return [...seen];
}
