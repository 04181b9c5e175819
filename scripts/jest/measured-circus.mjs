/** Jest's own test runner, which also says what CPU time each spec file took: for the list at the end of `npm test`. */
import circus from 'jest-circus/runner';
import { childSeconds, ownSeconds } from './cpu-time.mjs';

const run = circus.default ?? circus;

/** Not an async function: it would stand in the stack of every failure, as if that were here. */
export default function measured(...args) {
  const before = { own: ownSeconds(), children: childSeconds() };
  const cpu = () => ({ own: ownSeconds() - before.own, children: childSeconds() - before.children });
  return run(...args).then(result => ({ ...result, cpu: cpu() }));
}
