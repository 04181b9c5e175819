import { BudgetExceeded, BudgetFreed, BudgetOpened, BudgetReleased, BudgetReserved } from '@runledger/contracts';
import { BudgetSettled, BudgetThresholdReached } from '@runledger/contracts';
import type { BudgetLedgerEvent } from '@runledger/contracts';
import { isRejection } from '@runledger/kernel';
import { specify } from '@runledger/testing';
import fc from 'fast-check';
import { UNOPENED } from './ledger-state.js';
import { amountText, reasonOf } from './reserve.js';
import { budgetLedgers } from './budget-ledger.decider.js';
import type { LedgerCommand, LedgerTerms } from './ledger-commands.js';

const given = specify(budgetLedgers);
const AT = '2026-11-21T10:00:00.000Z';
const ledger = { kind: 'WORKSPACE', id: 'ws_acme', month: '2026-11' } as const;
const terms: LedgerTerms = { limit: 100, currency: 'USD', unpriced: 'REFUSE' };
const call = (n: number, runId = 'run_1') => ({ callId: `att_1.build.1.t${n}`, runId, step: 'build', attempt: 1 });

const opened = BudgetOpened({ ledger, spentMicroUnits: 0, countedTo: '10', openedAt: AT });
const reserve = (n: number, amount: number | null, more: { final?: boolean; terms?: LedgerTerms } = {}) =>
  ({
    type: 'Reserve',
    data: { ledger, call: call(n), amount, terms, rateCardVersion: 7, final: false, at: AT, ...more },
  }) as const;
const reserved = (n: number, amountMicroUnits: number, runId?: string) =>
  BudgetReserved({ ledger, ...call(n, runId), amountMicroUnits, limitMicroUnits: 100, reservedAt: AT });
const settle = (n: number, amount: number | null, position = 20n) =>
  ({
    type: 'Settle',
    data: {
      ledger,
      chargeId: `chg_${n}`,
      callId: call(n).callId,
      runId: 'run_1',
      amount,
      position,
      terms,
      notifyAtPercent: [50, 80, 100],
      at: AT,
    },
  }) as const;
const settled = (n: number, amountMicroUnits: number, reservedMicroUnits: number, assumed = false) =>
  BudgetSettled({
    ledger,
    chargeId: `chg_${n}`,
    callId: call(n).callId,
    runId: 'run_1',
    amountMicroUnits,
    reservedMicroUnits,
    assumed,
    settledAt: AT,
  });
const reached = (percent: number, spentMicroUnits: number) =>
  BudgetThresholdReached({
    ...{ ledger, percent, spentMicroUnits },
    limitMicroUnits: 100,
    currency: 'USD',
    reachedAt: AT,
  });
const exceeded = (n: number, needed: number, available: number, runId?: string) =>
  BudgetExceeded({
    ...{ ledger, ...call(n, runId), cause: 'NO_ROOM' },
    message:
      `The next call may cost ${amountText(needed, 'USD')}, and ${amountText(available, 'USD')} ` +
      'of 0.0001 USD is left in the budget of the workspace for 2026-11.',
    neededMicroUnits: needed,
    availableMicroUnits: available,
    limitMicroUnits: 100,
    currency: 'USD',
    exceededAt: AT,
  });
const release = (of: { callId: string } | { step: string; attempt: number }) =>
  ({ type: 'Release', data: { ledger, runId: 'run_1', of, reason: 'ATTEMPT_ENDED', at: AT } }) as const;
const freeRun = (runId: string, limit = 100, promised = 0) =>
  ({ type: 'FreeRun', data: { ledger, runId, terms: { ...terms, limit }, promised, at: AT } }) as const;

describe('a call under a budget', () => {
  it('has the most that it can cost set aside, up to the last micro-unit and not one more', () => {
    given(opened).when(reserve(1, 100)).thenEmits(reserved(1, 100));
    given(opened, reserved(1, 60)).when(reserve(2, 40)).thenEmits(reserved(2, 40));
    given(opened, reserved(1, 60)).when(reserve(2, 41)).thenRejects('BUSY');
  });

  it('waits while others may give something back, and is held when that does not help or lasts too long', () => {
    given(opened, reserved(1, 60), settled(1, 60, 60))
      .when(reserve(2, 41))
      .thenEmits(exceeded(2, 41, 40));
    given(opened, reserved(1, 60))
      .when(reserve(2, 41, { final: true }))
      .thenEmits(exceeded(2, 41, 40));
  });

  it('is set aside once, however often it asks', () => {
    given(opened, reserved(1, 60)).when(reserve(1, 60)).thenNothing();
  });

  it('costs what it was charged, and gives back the rest', () => {
    given(opened, reserved(1, 60))
      .when(settle(1, 7))
      .thenEmits(settled(1, 7, 60));
    given(opened, reserved(1, 60), settled(1, 7, 60))
      .when(reserve(2, 93))
      .thenEmits(reserved(2, 93));
  });

  it('counts although nothing was set aside for it, as when the budget is younger than the call', () => {
    given(opened)
      .when(settle(1, 7))
      .thenEmits(settled(1, 7, 0));
    // What others have set aside stays set aside: 50 of them, 7 spent, 43 left.
    given(opened, reserved(1, 50), settled(2, 7, 0))
      .when(reserve(3, 44))
      .thenRejects('BUSY');
    given(opened, reserved(1, 50), settled(2, 7, 0))
      .when(reserve(3, 43))
      .thenEmits(reserved(3, 43));
  });

  it('that costs nothing needs no room, and one that costs anything does', () => {
    const full = [opened, settled(1, 110, 0)];
    given(...full)
      .when(reserve(2, 0))
      .thenNothing();
    given(...full)
      .when(reserve(2, 1))
      .thenEmits(exceeded(2, 1, 0));
    given(opened, reserved(1, 100)).when(reserve(2, 1)).thenRejects('BUSY');
    given(opened).when(reserve(1, 1)).thenEmits(reserved(1, 1));
  });

  it('is not written down when it cost nothing and nothing was set aside for it', () => {
    given(opened).when(settle(1, 0)).thenNothing();
    given(opened).when(settle(1, null)).thenNothing();
    given(opened, reserved(1, 60))
      .when(settle(1, 0))
      .thenEmits(settled(1, 0, 60));
  });

  it('is not counted again that was charged before anybody counted', () => {
    given(opened)
      .when(settle(1, 7, 10n))
      .thenNothing();
  });

  it('without a price is refused, unless the budget allows it; then what was set aside for it counts', () => {
    given(opened)
      .when(reserve(1, null))
      .thenEmits(
        BudgetExceeded({
          ...{ ledger, ...call(1), cause: 'UNPRICED' },
          message:
            'The next call has no price, and the budget of the workspace for 2026-11 refuses what it cannot count. ' +
            'Price it, or let the budget allow unpriced use.',
          neededMicroUnits: 0,
          availableMicroUnits: 100,
          limitMicroUnits: 100,
          currency: 'USD',
          rateCardVersion: 7,
          exceededAt: AT,
        }),
      );
    const nobody = 'The vendor runs the tool web_search itself';
    expect(reasonOf({ ...reserve(1, null).data, unbounded: nobody }, UNOPENED)).toBe(
      `${nobody}: nobody can say what the next call costs at most, and the budget of the workspace for 2026-11 refuses what it cannot count. ` +
        'Do without it, or let the budget allow unpriced use.',
    );
    given(opened)
      .when(reserve(1, null, { terms: { ...terms, unpriced: 'ALLOW' } }))
      .thenNothing();
    given(opened, reserved(1, 30))
      .when(settle(1, null))
      .thenEmits(settled(1, 30, 30, true));
  });

  it('gives back what was set aside when it was not made, or when its attempt is over', () => {
    const released = (callIds: string[], amountMicroUnits: number) =>
      BudgetReleased({
        ...{ ledger, callIds, runId: 'run_1', amountMicroUnits },
        reason: 'ATTEMPT_ENDED',
        releasedAt: AT,
      });
    const both = [opened, reserved(1, 30), reserved(2, 20), reserved(3, 5, 'run_2')];
    given(...both)
      .when(release({ callId: call(2).callId }))
      .thenEmits(released([call(2).callId], 20));
    given(...both)
      .when(release({ step: 'build', attempt: 1 }))
      .thenEmits(released([call(1).callId, call(2).callId], 50));
    given(...both)
      .when(release({ step: 'build', attempt: 2 }))
      .thenNothing();
  });

  it('is not judged before what was spent earlier is counted', () => {
    given().when(reserve(1, 1)).thenRejects('NOT_OPEN');
  });
});

describe('a budget', () => {
  it('is opened once, with what was spent before', () => {
    const open = { type: 'OpenLedger', data: { ledger, spent: 0, countedTo: 10n, at: AT } } as const;
    given().when(open).thenEmits(opened);
    given(opened).when(open).thenNothing();
    const spent = BudgetOpened({ ledger, spentMicroUnits: 70, countedTo: '10', openedAt: AT });
    given()
      .when({ ...open, data: { ...open.data, spent: 70 } })
      .thenEmits(spent);
    given(spent).when(reserve(1, 30)).thenEmits(reserved(1, 30));
    given(spent)
      .when(reserve(1, 31))
      .thenEmits(exceeded(1, 31, 30));
  });

  it('tells of each percentage once', () => {
    given(opened)
      .when(settle(1, 85))
      .thenEmits(settled(1, 85, 0), reached(50, 85), reached(80, 85));
    given(opened, settled(1, 85, 0), reached(50, 85), reached(80, 85))
      .when(settle(2, 5))
      .thenEmits(settled(2, 5, 0));
  });

  it('tells of them in their order, in the moment in which they are reached', () => {
    const told = settle(1, 80);
    given(opened)
      .when({ ...told, data: { ...told.data, notifyAtPercent: [80, 100, 50] } })
      .thenEmits(settled(1, 80, 0), reached(50, 80), reached(80, 80));
    given(opened)
      .when(settle(1, 49))
      .thenEmits(settled(1, 49, 0));
  });

  it('of nothing, or taken away, has no percentages', () => {
    const { data, type } = settle(1, 7);
    given(opened)
      .when({ type, data: { ...data, terms: { ...terms, limit: 0 } } })
      .thenEmits(settled(1, 7, 0));
    given(opened)
      .when({ type, data: { ...data, terms: undefined } })
      .thenEmits(settled(1, 7, 0));
  });

  it('lets runs go on that it held as soon as there is room, those first that wait longest', () => {
    const held = [opened, settled(1, 60, 0), exceeded(2, 50, 40, 'run_2'), exceeded(3, 45, 40, 'run_3')];
    given(...held)
      .when(freeRun('run_2'))
      .thenNothing();
    given(...held)
      .when(freeRun('run_2', 110))
      .thenEmits(BudgetFreed({ ledger, runId: 'run_2', freedAt: AT }));
    given(...held)
      .when(freeRun('run_3', 110))
      .thenNothing();
    given(...held, BudgetFreed({ ledger, runId: 'run_2', freedAt: AT }))
      .when(freeRun('run_3', 110))
      .thenEmits(BudgetFreed({ ledger, runId: 'run_3', freedAt: AT }));
    given(...held)
      .when(freeRun('run_4'))
      .thenNothing();
  });

  it('gives nobody the room that another run was let go on with just now', () => {
    const held = [opened, settled(1, 60, 0), exceeded(3, 45, 40, 'run_3')];
    given(...held)
      .when(freeRun('run_3', 155, 51))
      .thenNothing();
    given(...held)
      .when(freeRun('run_3', 155, 50))
      .thenEmits(BudgetFreed({ ledger, runId: 'run_3', freedAt: AT }));
  });

  it('has no room where something is set aside, and lets a small call pass a large one that does not fit', () => {
    const held = [opened, reserved(1, 60), exceeded(2, 50, 40, 'run_2'), exceeded(3, 40, 30, 'run_3')];
    given(...held)
      .when(freeRun('run_2'))
      .thenNothing();
    given(...held)
      .when(freeRun('run_3'))
      .thenEmits(BudgetFreed({ ledger, runId: 'run_3', freedAt: AT }));
    given(...held, reserved(4, 1, 'run_4'))
      .when(freeRun('run_3'))
      .thenNothing();
  });

  it('lets everybody try again that it held when nothing limits it any more', () => {
    const unlimited = {
      type: 'FreeRun',
      data: { ledger, runId: 'run_2', terms: undefined, promised: 0, at: AT },
    } as const;
    const freed = BudgetFreed({ ledger, runId: 'run_2', freedAt: AT });
    given(opened, settled(1, 100, 0), exceeded(2, 50, 0, 'run_2'))
      .when(unlimited)
      .thenEmits(freed);
  });

  it('lets who had no price try again when it changes, once in a minute, and at once where that is allowed now', () => {
    const { type, data } = exceeded(2, 0, 0, 'run_2');
    const held = [opened, settled(1, 100, 0), { type, data: { ...data, cause: 'UNPRICED' as const } }];
    const { data: asked } = freeRun('run_2');
    const soon = '2026-11-21T10:00:59.999Z';
    given(...held)
      .when({ type: 'FreeRun', data: { ...asked, at: soon } })
      .thenNothing();
    for (const { at, unpriced } of [
      { at: '2026-11-21T10:01:00.000Z', unpriced: 'REFUSE' as const },
      { at: soon, unpriced: 'ALLOW' as const },
    ]) {
      given(...held)
        .when({ type: 'FreeRun', data: { ...asked, terms: { ...terms, unpriced }, at } })
        .thenEmits(BudgetFreed({ ledger, runId: 'run_2', freedAt: at }));
    }
  });

  it('lets who had no price try again at once when other prices hold', () => {
    const { type, data } = exceeded(2, 0, 0, 'run_2');
    const held = { type, data: { ...data, cause: 'UNPRICED' as const, rateCardVersion: 7 } };
    given(opened, held)
      .when({ type: 'FreeRun', data: { ledger, runId: 'run_2', terms, priced: true, promised: 0, at: AT } })
      .thenEmits(BudgetFreed({ ledger, runId: 'run_2', freedAt: AT }));
  });

  it('is never overshot, in whatever order calls ask, end and cost less (M1)', () => {
    const step = fc.record({
      call: fc.integer({ min: 1, max: 12 }),
      what: fc.constantFrom('ask', 'ask', 'finally', 'charge', 'unpriced', 'release'),
      amount: fc.integer({ min: 0, max: 70 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), steps => {
        let state = budgetLedgers.evolve(budgetLedgers.initialState(), opened);
        const asked = new Map<string, number>();
        for (const { call: n, what, amount } of steps) {
          const { callId } = call(n);
          const most = asked.get(callId) ?? 0;
          const command: LedgerCommand =
            what === 'release'
              ? release({ callId })
              : what === 'charge' || what === 'unpriced'
                ? settle(n, what === 'charge' ? Math.min(amount, most) : null)
                : reserve(n, amount, { final: what === 'finally' });
          const decision = budgetLedgers.decide(command, state);
          if (isRejection(decision)) continue;
          state = decision.reduce((now, event: BudgetLedgerEvent) => budgetLedgers.evolve(now, event), state);
          if (command.type === 'Reserve' && state.open.has(callId) && !asked.has(callId)) asked.set(callId, amount);
          if (!state.open.has(callId)) asked.delete(callId);
          expect(state.spent + state.reserved).toBeLessThanOrEqual(100);
          expect(state.reserved).toBe([...state.open.values()].reduce((sum, open) => sum + open.amount, 0));
        }
      }),
    );
  });
});
