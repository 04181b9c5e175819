import LongestFirst from './sequencer.mjs';

describe('the order of the specs', () => {
  const sizes = new Map();
  const hasteFS = { getSize: path => sizes.get(path) };
  const testOf = (path, size) => {
    sizes.set(path, size);
    return { path, context: { config: { cache: false, haste: {} }, hasteFS } };
  };

  it('is whole platforms, then real stores, then the rest; in each the largest first where nobody knows how long they take', () => {
    const sequencer = new LongestFirst({ contexts: [], globalConfig: {} });
    const tests = [
      testOf('/repo/libs/kernel/src/ids.spec.ts', 10),
      testOf('/repo/apps/gateway/src/gateway.int-spec.ts', 500),
      testOf('/repo/apps/standalone/e2e/demo.e2e-spec.ts', 200),
      testOf('/repo/apps/orchestrator/src/read-flow.spec.ts', 900),
      testOf('/repo/apps/standalone/e2e/simulation/simulation.property.spec.ts', 300),
    ];
    expect(sequencer.sort(tests).map(({ path }) => path.split('/').at(-1))).toEqual([
      'simulation.property.spec.ts',
      'demo.e2e-spec.ts',
      'gateway.int-spec.ts',
      'read-flow.spec.ts',
      'ids.spec.ts',
    ]);
  });
});
