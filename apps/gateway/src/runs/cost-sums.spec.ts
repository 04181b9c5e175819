import fc from 'fast-check';
import { addCharge, NO_COSTS, type Charge, type CostSum } from './cost-sums.js';
import { story } from './run-story.fixture.js';
import { viewAfter } from './run-view.fixture.js';

const charge: fc.Arbitrary<Charge> = fc
  .record({
    key: fc.constantFrom('build', 'lint', 'deploy', 'constructor', '__proto__'),
    amountMicroUnits: fc.option(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), { nil: null }),
    kind: fc.constantFrom('model' as const, 'compute' as const),
    provider: fc.constantFrom('anthropic', 'scripted'),
    model: fc.constantFrom('sonnet', 'haiku'),
    resourceClass: fc.constantFrom('small', 'big'),
    currency: fc.constantFrom('USD', 'EUR'),
  })
  .map(({ key, amountMicroUnits, ...more }) => story('run_1').charged(key, amountMicroUnits, more).data);

/** The same sums, computed from all charges at once. */
function sumOf(charges: readonly Charge[]): CostSum {
  const amounts: Record<string, string> = {};
  for (const { amountMicroUnits, currency } of charges) {
    if (amountMicroUnits === null) continue;
    amounts[currency] = (BigInt(amounts[currency] ?? 0) + BigInt(amountMicroUnits)).toString();
  }
  const unpriced = charges.filter(one => one.amountMicroUnits === null).length;
  return { amounts, charges: charges.length, unpriced };
}

function partition(charges: readonly Charge[], keyOf: (one: Charge) => string | undefined): [string, CostSum][] {
  const keys = [...new Set(charges.map(keyOf))].filter(key => key !== undefined);
  return keys.map(key => [key, sumOf(charges.filter(one => keyOf(one) === key))]);
}

const entries = (lines: object) => Object.entries(lines).sort(([a], [b]) => (a < b ? -1 : 1));
const sorted = (lines: [string, CostSum][]) => lines.sort(([a], [b]) => (a < b ? -1 : 1));

describe('the cost of a run', () => {
  it('equals the sum of its charges at every position, from every side (M1)', () => {
    fc.assert(
      fc.property(fc.array(charge, { maxLength: 30 }), charges => {
        let sums = NO_COSTS;
        charges.forEach((one, index) => {
          sums = addCharge(sums, one);
          const soFar = charges.slice(0, index + 1);
          const model = (key: (one: Charge) => string) => (one: Charge) =>
            one.kind === 'model' ? key(one) : undefined;
          expect(sums.total).toEqual(sumOf(soFar));
          expect(entries(sums.byModel)).toEqual(
            sorted(
              partition(
                soFar,
                model(one => `${one.provider}/${one.model}`),
              ),
            ),
          );
          expect(entries(sums.byProvider)).toEqual(
            sorted(
              partition(
                soFar,
                model(one => String(one.provider)),
              ),
            ),
          );
          const compute = (one: Charge) => (one.kind === 'compute' ? one.resourceClass : undefined);
          expect(entries(sums.compute)).toEqual(sorted(partition(soFar, compute)));
        });
      }),
    );
  });

  it('is told of each of its steps, also of those that the flow has lost (M1)', () => {
    fc.assert(
      fc.property(fc.array(charge, { maxLength: 30 }), charges => {
        const charged = charges.map(one => story('run_1').charged(one.step, one.amountMicroUnits, one));
        const { steps, costs } = viewAfter('run_1', [story('run_1').started(), ...charged]);
        const own = steps.flatMap(({ key, cost }): [string, CostSum][] => (cost ? [[key, cost]] : []));
        const all = [...own, ...Object.entries(costs.formerSteps)];
        expect(sorted(all)).toEqual(sorted(partition(charges, one => one.step)));
      }),
    );
  });

  it('never counts what has no price as zero', () => {
    const sums = addCharge(NO_COSTS, story('run_1').charged('build', null).data);
    expect(sums.total).toEqual({ amounts: {}, charges: 1, unpriced: 1 });
  });
});
