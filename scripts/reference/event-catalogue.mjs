import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { catalogue, eventsByCategory, ownerOf } from '@runledger/contracts';
import { documented } from './doc-comments.mjs';
import { consumersByType } from './event-consumers.mjs';

/** Every event as the catalogue shows it, in the order of the categories. */
export function catalogueEntries(root) {
  const sentences = new Map(documented(root, 'events').map(each => [each.name, each]));
  const takers = consumersByType();
  return Object.entries(eventsByCategory).flatMap(([category, events]) =>
    events.map(({ type }) => entry(root, { type, category, ...sentences.get(type), consumers: takers.get(type) })),
  );
}

function entry(root, { type, category, sentence, fields, consumers }) {
  const { version, personal } = catalogue.find(type);
  const read = path => JSON.parse(readFileSync(join(root, 'libs/contracts', path), 'utf8'));
  const versions = Array.from({ length: version }, (_, at) => ({
    version: at + 1,
    schema: read(`schemas/${type}.v${at + 1}.json`),
    example: read(`stored/${type}.v${at + 1}.json`),
  }));
  return {
    type,
    description: sentence,
    stream: `${category}-*`,
    producer: ownerOf(category),
    consumers,
    version,
    fields,
    personal,
    versions,
  };
}

/** The data of the catalogue site: one JSON document, an event per line, so that changes of different events do not meet. */
export function catalogueFile(root) {
  const lines = catalogueEntries(root).map(each => JSON.stringify(each));
  return `{"events":[\n${lines.join(',\n')}\n]}\n`;
}
