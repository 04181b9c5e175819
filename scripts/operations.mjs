/**
 * What `npm run operations` runs: takes the GraphQL operations out of a front end's files and writes a manifest of them, for
 * GRAPHQL_STORED_OPERATIONS. In the format of Apollo's persisted query manifest: `id` is the SHA-256 of `body`.
 *
 *   npm run operations -- --out manifest.json src            folders are looked through
 *   npm run operations -- queries.graphql page.js > manifest.json
 *
 * Of `.graphql` and `.gql` files each operation is taken, with the fragments that it uses, from whichever of the files; of `.js`, `.mjs`,
 * `.jsx`, `.ts` and `.tsx` files the templates behind `gql`, `graphql` or the comment GraphQL, and those that are handed to functions of these names, which have to be whole: nothing is put into them.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { commandLine, misused } from './command-line.mjs';
import { documentTemplates } from './document-templates.mjs';
import { Kind, parse, print, visit } from 'graphql';

const DOCUMENTS = /\.(graphql|gql)$/;
const SOURCES = /\.(js|mjs|jsx|ts|tsx)$/;

/** The manifest of all operations in these files. Throws when one of them cannot be read, or is not whole. */
export function manifestOf(files) {
  const definitions = files.flatMap(definitionsIn);
  const fragments = new Map(definitions.filter(isFragment).map(one => [one.node.name.value, one.node]));
  const bodies = new Map();
  for (const { file, node, text } of definitions.filter(one => !isFragment(one))) {
    const body = text ?? [node, ...fragmentsOf(node, fragments, file)].map(print).join('\n\n');
    bodies.set(createHash('sha256').update(body).digest('hex'), { node, body });
  }
  const operations = [...bodies].map(([id, { node, body }]) => ({
    ...{ id, name: node.name?.value ?? id.slice(0, 12), type: node.operation, body },
  }));
  operations.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.id < b.id ? -1 : 1));
  return { format: 'apollo-persisted-query-manifest', version: 1, operations };
}

/** Of a template that is one operation with all its fragments, the text counts as it stands: so it is sent. */
function definitionsIn(file) {
  const content = readFileSync(file, 'utf8');
  if (DOCUMENTS.test(file)) return parsed(content, file).definitions.map(node => ({ file, node }));
  return documentTemplates(content, file).flatMap(text => {
    if (text === undefined)
      throw new Error(`${file}: something is put into a document (\${…}), so it has no one text.`);
    const { definitions } = parsed(text, file);
    const isWhole = definitions.filter(node => node.kind === Kind.OPERATION_DEFINITION).length === 1;
    return definitions.map(node => ({ file, node, ...(isWhole && spreadsAreIn(definitions) && { text }) }));
  });
}

function parsed(text, file) {
  try {
    return parse(text);
  } catch (cause) {
    throw new Error(`${file} holds a document that cannot be read: ${cause.message}`, { cause });
  }
}

function isFragment({ node }) {
  return node.kind === Kind.FRAGMENT_DEFINITION;
}

function spreadsAreIn(definitions) {
  const named = new Set(definitions.map(node => node.name?.value));
  return definitions.every(node => spreadsOf(node).every(name => named.has(name)));
}

function spreadsOf(node) {
  const names = [];
  visit(node, { FragmentSpread: ({ name }) => void names.push(name.value) });
  return names;
}

function fragmentsOf(node, fragments, file, found = new Set()) {
  for (const name of spreadsOf(node)) {
    const fragment = fragments.get(name);
    if (!fragment) throw new Error(`${file}: the fragment ${name} is in none of the files.`);
    if (found.has(fragment)) continue;
    found.add(fragment);
    fragmentsOf(fragment, fragments, file, found);
  }
  return found;
}

function filesIn(place) {
  if (!statSync(place).isDirectory()) return [place];
  return readdirSync(place, { recursive: true, encoding: 'utf8' })
    .filter(name => !name.includes('node_modules') && (DOCUMENTS.test(name) || SOURCES.test(name)))
    .map(name => join(place, name))
    .sort();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values, positionals } = commandLine(import.meta.url, {
    options: { out: { type: 'string' } },
    allowPositionals: true,
  });
  if (positionals.length === 0) misused(import.meta.url, 'No file or folder with documents is named');
  try {
    write(manifestOf(positionals.flatMap(filesIn)), values.out);
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}

function write(manifest, out) {
  const text = `${JSON.stringify(manifest, null, 2)}\n`;
  if (out === undefined) return process.stdout.write(text);
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(out, text);
  const count = manifest.operations.length;
  return console.log(`wrote ${out}: ${count} ${count === 1 ? 'operation' : 'operations'}`);
}
