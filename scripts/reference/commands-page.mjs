import * as contracts from '@runledger/contracts';
import { z } from 'zod';
import { documented } from './doc-comments.mjs';
import { fieldRows } from './json-schema-fields.mjs';
import { code, joined, pageHead, table } from './markdown.mjs';

const INTRO = [
  'What services ask each other; the GraphQL mutations end here too. A command is answered with *accepted* and its output, or',
  'with one of its typed *refusals*; anything else is a fault. Each carries an id: the same id sent again counts once and is',
  'answered as it was the first time.',
  '',
].join('\n');

export function commandsPage(root) {
  const definitions = documented(root, 'commands').map(documentation => ({
    ...contracts[documentation.name],
    ...documentation,
  }));
  const services = [...new Set(definitions.map(({ service }) => service))];
  return joined([
    ...pageHead('Commands', INTRO),
    ...services.flatMap(service => [
      `## ${service}`,
      '',
      ...definitions.filter(definition => definition.service === service).flatMap(commandSection),
    ]),
  ]);
}

function commandSection({ name, sentence, fields, input, output, refusals }) {
  const headings = ['Field', 'Type', 'Required', 'Meaning'];
  return [
    `### ${name}`,
    '',
    sentence,
    '',
    ...titled('Input', table(headings, fieldRows(z.toJSONSchema(input), fields))),
    ...titled('Output', table(headings, fieldRows(z.toJSONSchema(output)))),
    `Refusals: ${refusals.length > 0 ? refusals.map(code).join(', ') : 'none'}.`,
    '',
  ];
}

function titled(title, lines) {
  return lines.length > 0 ? [`**${title}**`, '', ...lines] : [];
}
