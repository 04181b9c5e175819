/** Reads the sentences that the contracts carry above their definitions: the reference is made of them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Every `export const <Name> = define…(` of the files `<service>.<kind>.ts`, in the order of the source:
 * `{ service, name, sentence, fields }`, where `fields` holds the comments above top-level members.
 */
export function documented(root, kind) {
  const folder = join(root, 'libs/contracts/src');
  return readdirSync(folder)
    .filter(file => file.endsWith(`.${kind}.ts`))
    .sort()
    .flatMap(file => definitionsIn(readFileSync(join(folder, file), 'utf8'), file.split('.')[0]));
}

export function definitionsIn(source, service) {
  const heads = [...source.matchAll(/^(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n)?export const (\w+) = define\w+\(/gm)];
  return heads.map(head => {
    const [, comment, name] = head;
    if (comment === undefined)
      throw new Error(`${service}: ${name} has no doc comment; the reference needs a sentence.`);
    const end = source.indexOf('\n});', head.index);
    return { service, name, sentence: prose(comment), fields: fieldComments(source.slice(head.index, end)) };
  });
}

/** Comments directly above members of the schema itself, which are indented by four blanks. */
function fieldComments(definition) {
  const found = definition.matchAll(/^ {4}\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n {4}(\w+):/gm);
  return Object.fromEntries([...found].map(([, comment, field]) => [field, prose(comment)]));
}

function prose(comment) {
  return comment
    .split('\n')
    .map(line => line.replace(/^\s*\*\s?/, '').trim())
    .filter(line => line !== '')
    .join(' ');
}
