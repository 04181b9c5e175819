/** What the rules of the images and of compose are checked on: both files, read. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '..', '..');
export const textOf = path => readFileSync(join(root, path), 'utf8');

export function composeFile() {
  return parse(textOf('infra/compose/compose.yaml'), { merge: true });
}

/** What is laid over it where steps call functions. */
export function functionsFile() {
  return parse(textOf('infra/compose/functions.yaml'));
}

/** Services whose image is ours. */
export function ours(compose) {
  return Object.entries(compose.services).filter(([, { image }]) => image.includes('runledger'));
}

/** Each instruction of the Dockerfile with its continued lines in one, in order. */
export function instructions(dockerfile) {
  const whole = dockerfile.replace(/^\s*#.*$/gm, '').replace(/\\\n/g, ' ');
  const lines = whole
    .split('\n')
    .map(line => line.trim())
    .filter(Boolean);
  return lines.map(line => {
    const [, name, rest] = /^(\S+)\s+(.*)$/.exec(line);
    return { name: name.toUpperCase(), rest };
  });
}

/** Instructions of the last stage: what ends up in the image. */
export function lastStage(dockerfile) {
  const all = instructions(dockerfile);
  return all.slice(all.findLastIndex(({ name }) => name === 'FROM'));
}

/** Environment of a service of compose as an object, defaults of `${X:-default}` filled in. */
export function environmentOf({ environment = {} }) {
  return Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, filledIn(String(value))]));
}

export function filledIn(text) {
  return text.replace(/\$\{([A-Z_]+)(?::-([^}]*))?\}/g, (_, _name, otherwise = '') => otherwise);
}
