import { readFlow } from './read-flow.js';

/** Each problem of a document as one text: where it is, what it is, and how it is mended. */
export function told(source: string): string[] {
  const reading = readFlow(source);
  if (!('problems' in reading)) throw new Error('The flow was accepted.');
  return reading.problems.map(
    ({ line, column, path, message, fix }) => `${line}:${column} ${path} ${message} ${fix ?? ''}`,
  );
}

/** Has the step `plan`, with `steps` behind it and `more` before. */
export const flow = (steps: string, more = '') => `slug: a\n${more}steps:\n  - { key: plan, run: x }\n${steps}`;
/** Has a step `ship` behind `plan`, with `rest`. */
export const step = (rest: string) => flow(`  - { key: ship, needs: [plan], run: x, ${rest} }`);
