import { globSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import { catalogue } from '@runledger/contracts';
import { asyncapiDocument } from './reference/asyncapi.mjs';
import { consumers, consumersByType } from './reference/event-consumers.mjs';

const root = join(import.meta.dirname, '..');
const require = createRequire(import.meta.url);
/** As a reader of the file sees it. */
const document = JSON.parse(JSON.stringify(asyncapiDocument(root)));

/** Every `$ref` of the document, with where it stands. */
function references(value, path = '#') {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) =>
    key === '$ref' && typeof member === 'string' ? [[path, member]] : references(member, `${path}/${key}`),
  );
}

function at(pointer) {
  return pointer
    .slice(2)
    .split('/')
    .reduce((value, name) => value?.[name], document);
}

describe('the AsyncAPI document', () => {
  it('is one, as the specification’s own schema of version 3.0.0 says', () => {
    const specification = new Ajv({ strict: false, allErrors: false });
    formats.default(specification);
    const validate = specification.compile(require('@asyncapi/specs/schemas/3.0.0-without-$id.json'));
    expect([validate(document), validate.errors]).toEqual([true, null]);
    expect(validate({ ...document, channels: { log: { address: 7 } } })).toBe(false);
  });

  it('refers to what it holds', () => {
    const broken = references(document).filter(([, target]) => at(target) === undefined);
    expect(broken).toEqual([]);
  });

  it('has a message for every event, whose example fits its schema and whose stream carries it', () => {
    const schemas = new Ajv({ strict: false });
    formats.default(schemas);
    schemas.addSchema({ $id: 'https://document.test/', components: { schemas: document.components.schemas } });
    const streams = Object.values(document.channels).slice(1);
    for (const { type } of catalogue.definitions()) {
      const { payload, headers, examples } = document.components.messages[type];
      const check = ({ schema }) => schemas.compile({ $ref: `https://document.test/${schema.$ref}` });
      const isPayload = check(payload);
      expect([type, isPayload(examples[0].payload), isPayload.errors]).toEqual([type, true, null]);
      expect(isPayload({ ...examples[0].payload, surprise: true })).toBe(false);
      expect(at(headers.schema.$ref).properties).toMatchObject(
        Object.fromEntries(Object.keys(examples[0].headers).map(name => [name, { type: 'string' }])),
      );
      expect(document.channels.log.messages[type]).toBeDefined();
      expect(streams.filter(({ messages }) => messages[type])).toHaveLength(1);
    }
  });

  it('names the headers that the relay writes', () => {
    const relay = readFileSync(join(root, 'libs/messaging/src/kafka/cloud-event.ts'), 'utf8');
    const written = [...relay.matchAll(/^ {6}(ce_\w+|'content-type'):|\{ (ce_traceparent):/gm)].map(([, one, other]) =>
      (one ?? other).replaceAll("'", ''),
    );
    expect(Object.keys(document.components.schemas.headers.properties).sort()).toEqual(written.sort());
  });
});

describe('who takes which events', () => {
  it('is said by every reactor that there is in the code', () => {
    const files = globSync('apps/*/src/**/*.ts', { cwd: root }).filter(
      file => !/\.(spec|int-spec|fixture)\.ts$/.test(file),
    );
    const sources = files.map(file => readFileSync(join(root, file), 'utf8')).filter(text => /\bReactor\b/.test(text));
    const named = sources.flatMap(text => [
      ...text.matchAll(/(?:name: |NAME = )'((?:orchestrator|billing|approval|sandbox)\.[a-z-]+)'/g),
    ]);
    const known = consumers().map(({ name }) => name);
    expect(known).toEqual(expect.arrayContaining([...new Set(named.map(([, name]) => name))]));
  });

  it('is told for every event; one that nobody knows is a mistake', () => {
    expect([...consumersByType().values()].every(takers => takers.length > 0)).toBe(true);
    const misspelt = [{ service: 'gateway', name: 'runs', kind: 'projection', types: ['RunStrated'] }];
    expect(() => consumersByType(misspelt)).toThrow('events that do not exist: RunStrated');
  });
});
