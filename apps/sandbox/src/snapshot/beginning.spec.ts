import type { InheritedStep } from '@runledger/contracts';
import { createHash } from 'node:crypto';
import { beginningOf, type Question } from './beginning.js';
import type { PastEvent } from './run-past.js';

const RUN = 'run_1';

/** Only what the choice looks at; the rest of the events' data is no matter of it. */
const event = (type: PastEvent['type'], data: object): PastEvent =>
  ({ type, data: { runId: RUN, ...data } }) as unknown as PastEvent;
const sha = (name: string) => createHash('sha256').update(name).digest('hex');
const of = (step: string, attempt = 1) => ({ step, attempt, attemptId: `att_1.${step}.${attempt}` });
const started = (step: string, attempt?: number) => event('AttemptStarted', of(step, attempt));
const ended = (step: string, attempt?: number) => event('AttemptEnded', of(step, attempt));
const taken = (moment: 'before' | 'after', name: string, [step, attempt]: [string, number?]) =>
  event('WorkspaceSnapshotTaken', { ...of(step, attempt), moment, root: { sha256: sha(name), bytes: 1 } });
/** An attempt from start to end, with a snapshot of what it leaves, named after it. */
const worked = (step: string, attempt = 1, before?: string): PastEvent[] => [
  started(step, attempt),
  ...(before === undefined ? [] : [taken('before', before, [step, attempt])]),
  taken('after', `${step}${attempt}`, [step, attempt]),
  ended(step, attempt),
];
const reopened = (scope: string) => event('RunReopened', { scope });
const wentBack = (lineage: object, inherited: readonly [string, string, number][]) =>
  event('RunStarted', {
    lineage: { kind: 'RERUN', of: 'run_0', ...lineage },
    inherited: inherited.map(([step, runId, attempt]): InheritedStep => ({
      step,
      state: 'COMPLETED',
      from: { runId, attempt },
    })),
  });

describe('the files that an attempt begins with', () => {
  const choice = async (
    past: readonly PastEvent[],
    question: Partial<Question>,
    others: Record<string, PastEvent[]> = {},
  ) => {
    const asked = { runId: RUN, step: 'b', attempt: 1, live: false, ...question };
    const chosen = await beginningOf(asked, past, id => Promise.resolve(others[id] ?? []));
    if (chosen.kind !== 'snapshot') return chosen.kind;
    const known = ['set-up', 'a1', 'a2', 'b1', 'b2', 'c1', 'd1'].find(name => sha(name) === chosen.root);
    return known ?? chosen.root;
  };

  it('are those of a workspace that is set up, in a run that has done nothing', async () => {
    expect(await choice([], {})).toBe('set-up');
    expect(await choice([event('RunStarted', {})], {})).toBe('set-up');
  });

  it('are those that are there, for the next step', async () => {
    expect(await choice(worked('a', 1, 'set-up'), { live: true })).toBe('as-is');
  });

  it('are those that the last step left, when the sandbox is gone', async () => {
    expect(await choice(worked('a', 1, 'set-up'), {})).toBe('a1');
    expect(await choice([...worked('a', 1, 'set-up'), ...worked('c')], {})).toBe('c1');
  });

  describe('when a step is tried again', () => {
    const failed = [...worked('a', 1, 'set-up'), ...worked('b')];

    it('are those that it began with, whether or not the sandbox is still there', async () => {
      expect(await choice(failed, { attempt: 2, live: true })).toBe('a1');
      expect(await choice([...failed, reopened('REMAINING')], { attempt: 2 })).toBe('a1');
      expect(await choice([...failed, ...worked('b', 2, 'a1')], { attempt: 3 })).toBe('a1');
    });

    it('are those of its own work, when people asked for changes of it', async () => {
      const asked = [...failed, event('GateResolved', { step: 'b', decision: 'REQUEST_CHANGES' })];
      expect(await choice(asked, { attempt: 2, live: true })).toBe('as-is');
      expect(await choice(asked, { attempt: 2 })).toBe('b1');
      expect(await choice([...asked, ...worked('b', 2)], { attempt: 3 })).toBe('b1');
    });

    it('are all that there are, when another step has worked since: its files would be lost', async () => {
      const beside = [
        ...worked('a', 1, 'set-up'),
        started('c'),
        ...worked('b', 1, 'a1'),
        taken('after', 'c1', ['c']),
        ended('c'),
      ];
      expect(await choice(beside, { attempt: 2, live: true })).toBe('as-is');
      expect(await choice(beside, { attempt: 2 })).toBe('c1');
      const still = [...worked('a', 1, 'set-up'), started('c'), ...worked('b', 1, 'a1')];
      expect(await choice(still, { attempt: 2, live: true })).toBe('as-is');
    });

    it('are not replaced by older ones, when they could not be kept', async () => {
      const lost = [
        ...worked('a', 1, 'set-up'),
        started('b'),
        event('WorkspaceSnapshotFailed', { ...of('b'), moment: 'before', reason: 'too large' }),
        ended('b'),
      ];
      expect(await choice(lost, { attempt: 2 })).toBe('missing');
    });
  });

  it('are those of the very beginning, when the run is begun again', async () => {
    const again = [...worked('a', 1, 'set-up'), ...worked('b'), reopened('BEGINNING')];
    expect(await choice(again, { step: 'a', attempt: 2 })).toBe('set-up');
    expect(await choice([...again, ...worked('a', 2, 'set-up')], { attempt: 2, live: true })).toBe('as-is');
    expect(await choice([...again, ...worked('a', 2, 'set-up')], { attempt: 2 })).toBe('a2');
  });

  describe('in a run that goes back to another one', () => {
    const source = [...worked('a', 1, 'set-up'), ...worked('b'), ...worked('b', 2, 'a1'), ...worked('c')];
    const from = (fromStep: string, inherited: [string, string, number][], more: PastEvent[] = source) =>
      choice([wentBack({ fromStep }, inherited)], { step: fromStep }, { run_0: more });

    it('are those that the step began with there', async () => {
      expect(await from('b', [['a', 'run_0', 1]])).toBe('a1');
      expect(
        await from('c', [
          ['a', 'run_0', 1],
          ['b', 'run_0', 2],
        ]),
      ).toBe('b2');
      expect(await from('a', [])).toBe('set-up');
    });

    it('are those of the last of the steps that are taken over, when that ended later', async () => {
      const beside = [
        ...worked('a', 1, 'set-up'),
        started('c'),
        ...worked('b', 1, 'a1'),
        taken('after', 'c1', ['c']),
        ended('c'),
      ];
      expect(
        await from(
          'b',
          [
            ['a', 'run_0', 1],
            ['c', 'run_0', 1],
          ],
          beside,
        ),
      ).toBe('c1');
    });

    it('are found where the step was done, however often it was taken over', async () => {
      const middle = [
        wentBack({ of: 'run_00', fromStep: 'c' }, [
          ['a', 'run_00', 1],
          ['b', 'run_00', 1],
        ]),
        ...worked('c', 1, 'b1'),
      ];
      const first = [...worked('a', 1, 'set-up'), ...worked('b'), ...worked('c')];
      const past = [wentBack({ of: 'run_0', fromStep: 'b' }, [['a', 'run_00', 1]])];
      expect(await choice(past, { step: 'b' }, { run_0: middle, run_00: first })).toBe('a1');
    });

    describe('at a function, which has no attempt of its own', () => {
      // a → f, a function → b
      const called = [...worked('a', 1, 'set-up'), ...worked('b', 1)];

      it('are those that the last step before it left', async () => {
        expect(await from('f', [['a', 'run_0', 1]], called)).toBe('a1');
        expect(await from('f', [], [...worked('b', 1, 'set-up')])).toBe('set-up');
      });

      it('are those of the step behind it, when it is taken over itself', async () => {
        expect(
          await from(
            'b',
            [
              ['a', 'run_0', 1],
              ['f', 'run_0', 1],
            ],
            called,
          ),
        ).toBe('a1');
      });

      it('are found behind functions that were taken over from a still earlier run', async () => {
        // run_0 went back to run_00 at g, a function behind f; run_1 goes back to run_0 at g.
        const inherited: [string, string, number][] = [
          ['a', 'run_00', 1],
          ['f', 'run_00', 1],
        ];
        const middle = [wentBack({ of: 'run_00', fromStep: 'g' }, inherited)];
        const past = [wentBack({ of: 'run_0', fromStep: 'g' }, inherited)];
        expect(await choice(past, { step: 'b' }, { run_0: middle, run_00: called })).toBe('a1');
      });
    });

    it('are those of its own work from then on', async () => {
      const past = [wentBack({ fromStep: 'b' }, [['a', 'run_0', 1]]), ...worked('b', 1, 'a1')];
      expect(await choice(past, { step: 'c' }, { run_0: source })).toBe('b1');
      expect(await choice(past, { step: 'b', attempt: 2 }, { run_0: source })).toBe('a1');
    });

    it('are those of a workspace that is set up, when the other one kept none', async () => {
      expect(await from('b', [['a', 'run_0', 1]], [started('a'), ended('a'), started('b'), ended('b')])).toBe('set-up');
    });
  });
});
