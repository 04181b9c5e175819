/** The order of the specs: whole platforms first, which take longest, then those with real stores, so that no worker is left alone with a long one at the end. */
import { default as Sequencer } from '@jest/test-sequencer';

const KINDS = [/[/\\]e2e[/\\]/, /\.int-spec\.ts$/];

export default class LongestFirst extends (Sequencer.default ?? Sequencer) {
  sort(tests) {
    const sorted = super.sort([...tests]); // by how long each took the last time, where that is known, else by size
    return sorted
      .map((test, at) => ({ test, at, kind: kindOf(test) }))
      .sort(byKind)
      .map(({ test }) => test);
  }
}

function kindOf({ path }) {
  const kind = KINDS.findIndex(pattern => pattern.test(path));
  return kind === -1 ? KINDS.length : kind;
}

function byKind(one, other) {
  return one.kind - other.kind || one.at - other.at;
}
