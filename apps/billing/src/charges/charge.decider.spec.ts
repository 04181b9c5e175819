import { ChargeRecorded } from '@runledger/contracts';
import { specify } from '@runledger/testing';
import fc from 'fast-check';
import { charges } from './charge.decider.js';
import { hasId, noIds, withId } from './charged-ids.js';

const charge = (n: number) => ({
  chargeId: `chg_0198.build.1.${n}`,
  usageId: `att_0198.build.1.${n}`,
  runId: 'run_0198',
  step: 'build',
  attempt: 1,
  kind: 'model' as const,
  provider: 'scripted',
  model: 'script',
  amountMicroUnits: 0,
  currency: 'USD',
  rateCardVersion: 1,
  usedAt: '2026-11-21T10:00:00.000Z',
  chargedAt: '2026-11-21T10:00:01.000Z',
});
const given = specify(charges);

describe('the charges of a run', () => {
  it('hold each use once, however often it is reported', () => {
    given()
      .when({ type: 'RecordCharge', data: charge(1) })
      .thenEmits(ChargeRecorded(charge(1)));
    given(ChargeRecorded(charge(1)), ChargeRecorded(charge(2)))
      .when({ type: 'RecordCharge', data: { ...charge(1), amountMicroUnits: 7 } })
      .thenNothing();
    given(ChargeRecorded(charge(1)))
      .when({ type: 'RecordCharge', data: charge(2) })
      .thenEmits(ChargeRecorded(charge(2)));
  });

  it('know of exactly the ids that were added, and leave older sets as they were', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { maxLength: 300 }), fc.string(), (ids, other) => {
        const all = ids.reduce(withId, noIds);
        const before = hasId(all, other);
        withId(all, other);
        expect(ids.every(id => hasId(all, id))).toBe(true);
        expect(hasId(all, other)).toBe(before);
        expect(before).toBe(ids.includes(other));
      }),
    );
  });
});
