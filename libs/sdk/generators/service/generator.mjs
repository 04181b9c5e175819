/**
 * `npx nx g @runledger/sdk:service <name>`: writes a service on the events to apps/<name>. It counts how runs end per workspace and day,
 * which is meant to be replaced. Runs on whatever tree Nx hands over, and asks nothing but the name.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const FILES = join(import.meta.dirname, 'files');
const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

export default function generateService(tree, { name }) {
  if (!NAME.test(name) || name.length > 40)
    throw new Error(`"${name}" cannot name a service: use lower-case letters, digits and hyphens, at most 40.`);
  const folder = `apps/${name}`;
  if (tree.exists(`${folder}/package.json`))
    throw new Error(`There is a service in ${folder} already; take another name.`);
  const camel = name.replaceAll(/-(.)/g, (_, letter) => letter.toUpperCase());
  const pascal = camel[0].toUpperCase() + camel.slice(1);
  const words = { name, camel, pascal, schema: name.replaceAll('-', '_') };
  for (const path of templates()) {
    const target = relative(FILES, path)
      .replaceAll('__name__', name)
      .replace(/\.template$/, '');
    tree.write(`${folder}/${target}`, filled(readFileSync(path, 'utf8'), words));
  }
  return () =>
    console.log(
      `\n${folder} is there. Link it with "npm install", then:\n` +
        `  npx nx build @runledger/${name}   npm test -- ${folder}   npx node ${folder}/dist/main.js   (beside npm start)\n`,
    );
}

function templates() {
  const entries = readdirSync(FILES, { recursive: true, withFileTypes: true });
  return entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath ?? entry.path, entry.name));
}

function filled(text, words) {
  return text.replaceAll(/<%= (\w+) %>/g, (_, word) => {
    if (!(word in words)) throw new Error(`The templates want ${word}, which nobody knows.`);
    return words[word];
  });
}
