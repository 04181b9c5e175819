import { readdirSync, readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { defineEvent } from '@runledger/kernel';
import { z } from 'zod';
import { catalogue } from './catalogue.js';
import { jsonSchemaOf } from './event-json-schema.js';

const folder = new URL('../schemas/', import.meta.url);
const read = (file: string): unknown => JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
const files = readdirSync(folder).sort();
const definitions = catalogue.definitions().map(definition => [definition.type, definition] as const);

const validator = new Ajv2020({ strict: false });
formats.default(validator);

describe('the published schemas', () => {
  it('cover every event type in every version, and nothing else', () => {
    const expected = definitions.flatMap(([type, { version }]) =>
      Array.from({ length: version }, (_, at) => `${type}.v${at + 1}.json`),
    );
    expect(files).toEqual(expected.sort());
  });

  it.each(definitions)('have not changed under the version number of %s', (type, definition) => {
    const published = read(`${type}.v${definition.version}.json`);
    const changed = !isDeepStrictEqual(jsonSchemaOf(definition), published);
    const advice = `raise the version of ${type} and add an upcast; a shipped version never changes (E4)`;
    expect(changed ? advice : 'unchanged').toBe('unchanged');
  });

  it('would notice a changed schema', () => {
    const before = defineEvent({ type: 'Sold', version: 1, schema: z.strictObject({ pieces: z.int() }) });
    const after = defineEvent({ type: 'Sold', version: 1, schema: z.strictObject({ pieces: z.int().positive() }) });
    expect(jsonSchemaOf(after)).not.toEqual(jsonSchemaOf(before));
  });

  it.each(files)('accept the stored event of their version: %s', file => {
    const stored = JSON.parse(readFileSync(new URL(`../stored/${file}`, import.meta.url), 'utf8')) as { data: unknown };
    const validate = validator.compile(read(file) as object);
    expect([validate(stored.data), validate.errors]).toEqual([true, null]);
    expect(validate({ ...(stored.data as object), surprise: true })).toBe(false);
  });
});
