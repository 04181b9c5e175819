/** Jest's own test runner, which also says what CPU time each spec file took: for the list at the end of `npm test`. */
import circus from 'jest-circus/runner';
import { childSeconds, ownSeconds } from './cpu-time.mjs';

const run = circus.default ?? circus;

export default async function measured(...args) {
  const before = { own: ownSeconds(), children: childSeconds() };
  const result = await run(...args);
  return { ...result, cpu: { own: ownSeconds() - before.own, children: childSeconds() - before.children } };
}
