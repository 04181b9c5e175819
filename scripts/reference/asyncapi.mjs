import { catalogue, eventsByCategory, jsonSchemaOf, ownerOf } from '@runledger/contracts';
import { catalogueEntries } from './event-catalogue.mjs';

const SCHEMA_FORMAT = 'application/schema+json;version=draft-07';
const DEFINITION = '#/definitions/';

/** Of every message on the topic, as the relay writes them (CloudEvents 1.0, binary content mode). All values are text. */
const HEADERS = {
  'content-type': 'always application/json',
  ce_specversion: 'version of CloudEvents',
  ce_id: 'UUID of the event; the same when it is sent again',
  ce_type: 'name of the event',
  ce_source: 'URI of the installation',
  ce_time: 'when it happened (RFC 3339): the time that counts',
  ce_subject: 'the stream',
  ce_dataschema: 'URN of the JSON Schema of this version of the data',
  ce_partitionkey: 'the correlation id',
  ce_position: 'its place in the log: keep it with your effects, and drop what is not newer',
  ce_previous: 'the position of the message before it; a gap means that the topic lacks something',
  ce_tenant: 'the workspace',
  ce_stream: 'the stream: <category>-<key>',
  ce_category: 'the category of the stream',
  ce_revision: 'its place in the stream, from 0, without holes',
  ce_recordedtime: 'when the store took it (RFC 3339)',
  ce_schemaversion: 'version of the data',
  ce_correlationid: 'the run that it belongs to, or the first command of its story',
  ce_causationid: 'the command or event that caused it',
  ce_workspaceid: 'the workspace once more, as the writer knew it',
  ce_actor: 'who caused it, as JSON: kind, id, name, via',
  ce_traceparent: 'W3C trace context; not always there',
};
const OPTIONAL = ['ce_traceparent'];

/** The AsyncAPI 3 document of all events: the topic that carries them, and the streams that hold them. */
export function asyncapiDocument(root) {
  const entries = catalogueEntries(root);
  const messages = Object.fromEntries(entries.map(entry => [entry.type, messageOf(entry)]));
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Events of Runledger',
      version: '0.1.0',
      description:
        'Every fact that the platform keeps. The topic carries all of them in the order of the log, at least once; each stream of the log holds those of one thing.',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/json',
    channels: { log: topic(entries), ...streams() },
    operations: { publishEvents: publish(), ...writes() },
    components: { messages, schemas: Object.assign({ headers: headers() }, ...entries.map(schemasOf)) },
  };
}

export function asyncapiFile(root) {
  return `${JSON.stringify(asyncapiDocument(root), null, 1)}\n`;
}

function topic(entries) {
  return {
    address: 'runledger-events',
    title: 'The topic',
    description: 'With DISTRIBUTION=kafka, under the name in KAFKA_TOPIC. One partition: the order is that of the log.',
    messages: Object.fromEntries(entries.map(({ type }) => [type, { $ref: `#/components/messages/${type}` }])),
    bindings: { kafka: { partitions: 1, bindingVersion: '0.5.0' } },
  };
}

function streams() {
  const channels = Object.entries(eventsByCategory).map(([category, events]) => [
    `${category}Stream`,
    {
      address: `${category}-{key}`,
      title: `Streams of ${category}`,
      description: `In the event store; written by ${ownerOf(category)} alone.`,
      parameters: { key: { description: 'Which one it is.' } },
      messages: Object.fromEntries(events.map(({ type }) => [type, { $ref: `#/components/messages/${type}` }])),
    },
  ]);
  return Object.fromEntries(channels);
}

function publish() {
  return { action: 'send', title: 'Republish the log', channel: { $ref: '#/channels/log' } };
}

function writes() {
  const operations = Object.keys(eventsByCategory).map(category => [
    `write${category[0].toUpperCase()}${category.slice(1)}`,
    { action: 'send', title: `${ownerOf(category)} writes`, channel: { $ref: `#/channels/${category}Stream` } },
  ]);
  return Object.fromEntries(operations);
}

function messageOf({ type, description, version, producer, consumers, versions }) {
  const { data, id, stream, metadata } = versions.at(-1).example;
  return {
    name: type,
    title: type,
    summary: description,
    contentType: 'application/json',
    headers: { schemaFormat: SCHEMA_FORMAT, schema: { $ref: '#/components/schemas/headers' } },
    payload: { schemaFormat: SCHEMA_FORMAT, schema: { $ref: `#/components/schemas/${type}.v${version}` } },
    examples: [{ name: 'stored', headers: exampleHeaders({ type, version, id, stream, metadata }), payload: data }],
    'x-producer': producer,
    'x-consumers': consumers.map(({ name }) => name),
  };
}

function exampleHeaders({ type, version, id, stream, metadata }) {
  return {
    'content-type': 'application/json',
    ce_specversion: '1.0',
    ce_id: id,
    ce_type: type,
    ce_time: metadata.occurredAt,
    ce_subject: stream,
    ce_dataschema: `urn:runledger:event:${type}:v${version}`,
    ce_correlationid: metadata.correlationId,
  };
}

function headers() {
  const properties = Object.entries(HEADERS).map(([name, description]) => [name, { type: 'string', description }]);
  const required = Object.keys(HEADERS).filter(name => !OPTIONAL.includes(name));
  return { type: 'object', required, properties: Object.fromEntries(properties) };
}

/** The schema of today's version. What it defines for itself stands beside it: references count from the whole document. */
function schemasOf({ type, version, fields }) {
  const name = `${type}.v${version}`;
  const { $schema: _draft, $id: _urn, definitions = {}, ...schema } = jsonSchemaOf(catalogue.find(type), 'draft-7');
  const moved = value => relocated(value, name);
  const own = Object.entries(definitions).map(([key, body]) => [`${name}.${key}`, moved(body)]);
  return { [name]: described(moved(schema), fields), ...Object.fromEntries(own) };
}

function relocated(value, name) {
  if (Array.isArray(value)) return value.map(item => relocated(item, name));
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([key, member]) => [
    key,
    key === '$ref' && typeof member === 'string' && member.startsWith(DEFINITION)
      ? `#/components/schemas/${name}.${member.slice(DEFINITION.length)}`
      : relocated(member, name),
  ]);
  return Object.fromEntries(members);
}

/** With the meanings of its fields. */
function described(schema, fields) {
  const properties = Object.entries(schema.properties ?? {}).map(([name, property]) => [
    name,
    fields[name] === undefined ? property : { description: fields[name], ...property },
  ]);
  return { ...schema, properties: Object.fromEntries(properties) };
}
