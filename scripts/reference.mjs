/**
 * Writes the generated pages of docs/reference and the JSON Schemas of new event versions: `npm run docs`.
 * Everything comes from the code: catalogues, doc comments, stored examples, the schemas of flows, configuration and GraphQL.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { asyncapiFile } from './reference/asyncapi.mjs';
import { commandsPage } from './reference/commands-page.mjs';
import { configurationPage } from './reference/configuration-page.mjs';
import { declinesPage } from './reference/declines-page.mjs';
import { catalogueFile } from './reference/event-catalogue.mjs';
import { eventsPage } from './reference/events-page.mjs';
import { formatPage } from './reference/format-page.mjs';
import { graphqlPage } from './reference/graphql-page.mjs';
import { metricsPage } from './reference/metrics-page.mjs';
import { profileFormatPage } from './reference/profile-format-page.mjs';
import { runStatesPage } from './reference/run-states-page.mjs';
import { toolsPage } from './reference/tools-page.mjs';
import { writeNewSchemas } from './reference/schema-files.mjs';

const root = dirname(import.meta.dirname ?? dirname(fileURLToPath(import.meta.url)));

/** Generated pages: path below the root → what it must contain now. */
export const pages = {
  'docs/reference/events.md': () => eventsPage(root),
  'docs/reference/asyncapi.json': () => asyncapiFile(root),
  'apps/gateway/src/explorer/public/catalogue.json': () => catalogueFile(root),
  'docs/reference/configuration.md': () => configurationPage(),
  'docs/reference/metrics.md': () => metricsPage(),
  'docs/reference/commands.md': () => commandsPage(root),
  'docs/reference/declines.md': () => declinesPage(),
  'docs/reference/run-states.md': () => runStatesPage(),
  'docs/reference/tools.md': () => toolsPage(),
  'docs/reference/flow-format.md': () =>
    formatPage('Flow format', JSON.parse(source('libs/contracts/flow.schema.json', 'the schema of flow documents'))),
  'docs/reference/profile-format.md': () => profileFormatPage(),
  'docs/reference/graphql.md': () => graphqlPage(source('apps/gateway/schema.graphql', 'the merged GraphQL schema')),
};

function source(path, what) {
  try {
    return readFileSync(join(root, path), 'utf8');
  } catch (cause) {
    throw new Error(`${path} (${what}) cannot be read; the reference is generated from it.`, { cause });
  }
}

if (process.argv[1] && fileURLToPath(import.meta.url) === process.argv[1]) {
  for (const path of await writeNewSchemas(root)) console.log(`wrote ${path}`);
  for (const [path, generate] of Object.entries(pages)) {
    const page = await generate();
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), page);
    console.log(`wrote ${path}`);
  }
}
