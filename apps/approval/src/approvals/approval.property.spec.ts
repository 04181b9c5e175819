import { ApprovalRequested } from '@runledger/contracts';
import type { ApprovalDecision, ApprovalEvent } from '@runledger/contracts';
import { isRejection } from '@runledger/kernel';
import fc from 'fast-check';
import { approval } from './approval.decider.js';
import type { ApprovalCommand } from './approval.decider.js';
import { AT, gateOf, member, says } from './approval.fixture.js';
import type { Requested } from './approval-state.js';

const NAMES = ['ada', 'grace', 'linus', 'eve'] as const;
const DECISIONS = ['APPROVE', 'REJECT', 'SKIP', 'REQUEST_CHANGES', 'ALLOW_ONCE', 'ANSWER'] as const;
const HASHES = ['a', 'b', undefined] as const;

const gates = fc
  .record({
    approvers: fc.option(fc.uniqueArray(fc.constantFrom(...NAMES), { minLength: 1 }), { nil: undefined }),
    count: fc.integer({ min: 1, max: 3 }),
    excludeStarter: fc.boolean(),
    onTimeout: fc.constantFrom('FAIL', 'REJECT', 'SKIP', 'ESCALATE'),
  })
  .map(({ approvers, count, excludeStarter, onTimeout }): Requested =>
    gateOf({
      policy: { count, excludeStarter, ...(approvers && { approvers: approvers.map(name => `mem_${name}`) }) },
      deadline: { timeoutMs: 1_000, onTimeout, escalateTo: ['mem_eve'], dueAt: AT },
      shownHash: 'a',
    }),
  );

const steps = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(fc.constantFrom(...NAMES), fc.constantFrom(...DECISIONS), fc.constantFrom(...HASHES)),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('expire' as const, 'withdraw' as const, 'change' as const, 'force' as const),
  },
);
type Step = typeof steps extends fc.Arbitrary<infer Value> ? Value : never;

function commandOf(step: Step, gate: Requested, round: number): ApprovalCommand {
  if (typeof step !== 'string') {
    const [name, decision, hash] = step;
    return says(name, decision, { comment: 'c', ...(hash === undefined ? {} : { shownHash: hash }) });
  }
  switch (step) {
    case 'expire':
      return { type: 'ExpireApproval', data: { round, at: AT } };
    case 'withdraw':
      return { type: 'WithdrawApproval', data: { reason: 'x', withdrawnAt: AT } };
    case 'change':
      return { type: 'RequestApproval', data: { ...gate, shownHash: 'b', message: 'Something else' } };
    case 'force':
      return { type: 'SettleApproval', data: { decision: 'APPROVE', how: 'FORCE', by: member('root'), decidedAt: AT } };
  }
}

/** All that was stored, and what each command was refused with. */
function play(gate: Requested, script: readonly Step[]) {
  const log: ApprovalEvent[] = [ApprovalRequested(gate)];
  let state = approval.evolve(approval.initialState(), ApprovalRequested(gate));
  const refusals: (string | undefined)[] = [];
  for (const step of script) {
    const round = log.filter(({ type }) => type === 'ApprovalEscalated').length;
    const decided = approval.decide(commandOf(step, gate, round), state);
    refusals.push(isRejection(decided) ? decided.rejected : undefined);
    if (isRejection(decided)) continue;
    log.push(...decided);
    state = decided.reduce<typeof state>((folded, event) => approval.evolve(folded, event), state);
  }
  return { log, refusals };
}

const ENDS = ['ApprovalDecided', 'ApprovalWithdrawn'];

describe('any sequence of things said to a gate', () => {
  it('ends it at most once, with nothing behind the end, and tells all who come later (D1)', () => {
    fc.assert(
      fc.property(gates, fc.array(steps, { maxLength: 20 }), (gate, script) => {
        const { log, refusals } = play(gate, script);
        const ends = log.filter(({ type }) => ENDS.includes(type));
        expect(ends.length).toBeLessThanOrEqual(1);
        if (ends.length === 1) expect(log.at(-1)).toBe(ends[0]);
        const prefix = script.findIndex((_, index) => play(gate, script.slice(0, index + 1)).log.length === log.length);
        const late = script.flatMap((step, at) => (at > prefix && typeof step !== 'string' ? [refusals[at]] : []));
        const word = ends[0]?.type === 'ApprovalWithdrawn' ? 'REQUEST_WITHDRAWN' : 'ALREADY_DECIDED';
        if (ends.length === 1) for (const refusal of late) expect(refusal).toBe(word);
      }),
      { numRuns: 300 },
    );
  });

  it('lets people pass only with as many different allowed voters as it takes, on what it shows', () => {
    fc.assert(
      fc.property(gates, fc.array(steps, { maxLength: 20 }), (gate, script) => {
        const { log } = play(gate, script);
        const end = log.at(-1);
        if (end?.type !== 'ApprovalDecided' || end.data.how !== 'PEOPLE') return;
        const { decision, by, votes = [{ by }] } = end.data;
        const voters = new Set(votes.map(vote => vote.by.id));
        const needed = needsAgreement(decision) ? gate.policy.count : 1;
        expect(voters.size).toBe(needed);
        const escalated = log.some(({ type }) => type === 'ApprovalEscalated');
        for (const voter of voters) expect(mayDecide(gate, voter, escalated)).toBe(true);
        const changed = log.some(({ type }) => type === 'ApprovalShownChanged');
        expect(end.data.shownHash).toBe(changed ? 'b' : 'a');
      }),
      { numRuns: 500 },
    );
  });
});

function needsAgreement(decision: ApprovalDecision): boolean {
  return decision === 'APPROVE' || decision === 'SKIP';
}

function mayDecide({ policy, startedBy }: Requested, voter: string, escalated: boolean): boolean {
  if (policy.excludeStarter && voter === startedBy) return false;
  return policy.approvers === undefined || policy.approvers.includes(voter) || (escalated && voter === 'mem_eve');
}
