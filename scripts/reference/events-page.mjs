import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { catalogue, eventsByCategory, ownerOf, STREAM_OWNERS } from '@runledger/contracts';
import { documented } from './doc-comments.mjs';
import { fieldRows } from './json-schema-fields.mjs';
import { code, codeBlock, joined, pageHead, table } from './markdown.mjs';

const INTRO = [
  'Every fact that the platform keeps, by the service that writes it. An event is stored once and never edited; data of an',
  'older version is lifted to today’s version when it is read. Every event carries the envelope below beside its data.',
  '',
];

const ENVELOPE = [
  ['`id`', 'UUID of the event; the same when an append is repeated'],
  ['`type`', 'name of the event, as in the headings below'],
  ['`tenant`', 'workspace that the event belongs to'],
  ['`stream`', 'which instance it is about: `<category>-<key>`'],
  ['`revision`', 'its place in that stream, from 0, without holes'],
  ['`position`', 'its place in the whole log: ever growing, with holes; only its order has a meaning'],
  ['`recordedAt`', 'when the store took it'],
  ['`metadata.occurredAt`', 'when it happened: the time that counts'],
  ['`metadata.actor`', 'who caused it: a member, a service or the system, and how they came in'],
  ['`metadata.correlationId`', 'the run that it belongs to (`run_…`), or the first command of its story'],
  ['`metadata.causationId`', 'the command or event that caused it'],
  ['`metadata.workspaceId`', 'the workspace once more, as the writer knew it'],
  ['`metadata.schemaVersion`', 'version of its data'],
];

export function eventsPage(root) {
  const definitions = documented(root, 'events')
    .filter(({ name }) => catalogue.find(name))
    .map(definition => ({ ...definition, service: writerOf(definition.name) }));
  const missing = catalogue.definitions().filter(({ type }) => !definitions.some(({ name }) => name === type));
  if (missing.length > 0) throw new Error(`No doc comment found for ${missing.map(({ type }) => type).join(', ')}.`);
  const services = [...new Set(definitions.map(({ service }) => service))];
  return joined([
    ...pageHead('Events', INTRO.join('\n')),
    ...table(['Envelope', 'Meaning'], ENVELOPE),
    ...whoWritesWhat(),
    ...services.flatMap(service => serviceSection(root, service, definitions)),
  ]);
}

/** The service that writes events of a type: a service's events may stand in several files. */
function writerOf(type) {
  const [category] = Object.entries(eventsByCategory).find(([, events]) => events.some(event => event.type === type));
  return ownerOf(category);
}

/** Categories without a section below hold no event yet; nobody else may write them. */
function whoWritesWhat() {
  const rows = Object.entries(STREAM_OWNERS)
    .filter(([, categories]) => categories.length > 0)
    .map(([service, categories]) => [service, categories.map(category => code(`${category}-*`)).join(', ')]);
  return [
    '## Who writes what',
    '',
    'Each category of streams has one service that writes it. Where services have',
    '[database roles](../explanation/a-database-role-per-service.md) of their own, the database refuses everybody else.',
    '',
    ...table(['Service', 'Streams'], rows),
  ];
}

function serviceSection(root, service, definitions) {
  const own = definitions.filter(definition => definition.service === service);
  const categories = Object.entries(eventsByCategory).filter(([, events]) =>
    events.some(({ type }) => own.some(({ name }) => name === type)),
  );
  return [
    `## ${service}`,
    '',
    ...categories.flatMap(([category, events]) => [
      `### Streams ${code(`${category}-*`)}`,
      '',
      ...events.flatMap(event =>
        eventSection(
          root,
          event,
          own.find(({ name }) => name === event.type),
        ),
      ),
    ]),
  ];
}

function eventSection(root, { type, version }, { sentence, fields }) {
  const read = path => readFileSync(join(root, 'libs/contracts', path), 'utf8');
  const name = `${type}.v${version}.json`;
  const schemas = Array.from({ length: version }, (_, at) => `${type}.v${at + 1}.json`)
    .map((file, at) => `[${at + 1}](../../libs/contracts/schemas/${file})`)
    .join(', ');
  return [
    `#### ${type}`,
    '',
    sentence,
    '',
    `Version ${version}; JSON Schema of version ${schemas}.`,
    '',
    ...table(['Field', 'Type', 'Always there', 'Meaning'], fieldRows(JSON.parse(read(`schemas/${name}`)), fields)),
    '<details><summary>A stored example</summary>',
    '',
    ...codeBlock('json', read(`stored/${name}`)),
    '</details>',
    '',
  ];
}
