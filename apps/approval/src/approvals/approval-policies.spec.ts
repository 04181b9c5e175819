import { ApprovalDecided, ApprovalEscalated, ApprovalJoined, ApprovalRequested } from '@runledger/contracts';
import { ApprovalShownChanged, ApprovalVoted } from '@runledger/contracts';
import type { ApprovalDecision, ApprovalEvent } from '@runledger/contracts';
import { isRejection } from '@runledger/kernel';
import { specify } from '@runledger/testing';
import { approval } from './approval.decider.js';
import type { ApprovalCommand } from './approval.decider.js';
import { asked, AT, gateOf, member, place, promptOf, says } from './approval.fixture.js';

const given = specify(approval);
const hash = gateOf().shownHash;
const voted = (name: string, decision: ApprovalDecision = 'APPROVE') =>
  ApprovalVoted({ ...place, decision, by: member(name), shownHash: hash, votedAt: AT });

/** What comes of commands one after the other; the last one's events. */
function after(requested: ApprovalEvent, ...commands: ApprovalCommand[]): readonly ApprovalEvent[] {
  let state = approval.evolve(approval.initialState(), requested);
  let last: readonly ApprovalEvent[] = [];
  for (const command of commands) {
    const decided = approval.decide(command, state);
    if (isRejection(decided)) throw new Error(decided.message);
    last = decided;
    state = decided.reduce<typeof state>((folded, event) => approval.evolve(folded, event), state);
  }
  return last;
}

describe('a gate that takes two of three named members', () => {
  const named = asked({
    policy: { approvers: ['mem_grace', 'linus@acme.example', 'mem_ada'], count: 2, excludeStarter: true },
  });

  it('is passed by the second of them, and both are written down', () => {
    given(named).when(says('grace', 'APPROVE')).thenEmits(voted('grace'));
    const [decided] = after(
      named,
      says('grace', 'APPROVE'),
      says('linus', 'APPROVE', { email: 'Linus@acme.example', comment: 'Looks good.' }),
    );
    expect(decided).toMatchObject({
      type: 'ApprovalDecided',
      data: { decision: 'APPROVE', how: 'PEOPLE', by: member('linus'), comment: 'Looks good.' },
    });
    const votes = (decided?.data as { votes: { by: { id: string } }[] }).votes;
    expect(votes.map(({ by }) => by.id)).toEqual(['mem_grace', 'mem_linus']);
  });

  it('counts one vote for each member: the newest', () => {
    given(named, voted('grace')).when(says('grace', 'APPROVE')).thenNothing();
    given(named, voted('grace')).when(says('grace', 'SKIP')).thenEmits(voted('grace', 'SKIP'));
    const withReason = ApprovalVoted({ ...voted('grace').data, comment: 'Tested.' });
    given(named, voted('grace'))
      .when(says('grace', 'APPROVE', { comment: 'Tested.' }))
      .thenEmits(withReason);
    const linus = { email: 'linus@acme.example' };
    const skips = after(named, says('grace', 'SKIP'), says('linus', 'APPROVE', linus), says('linus', 'SKIP', linus));
    expect(skips[0]).toMatchObject({ type: 'ApprovalDecided', data: { decision: 'SKIP' } });
  });

  it('is stopped by one of them alone', () => {
    expect(after(named, says('grace', 'REJECT'))[0]).toMatchObject({ data: { decision: 'REJECT' } });
  });

  it('is closed to all others, and to whoever started the run', () => {
    given(named).when(says('eve', 'APPROVE')).thenRejects('NOT_AN_APPROVER');
    given(named).when(says('eve', 'REJECT')).thenRejects('NOT_AN_APPROVER');
    given(named).when(says('ada', 'APPROVE')).thenRejects('STARTER_EXCLUDED');
  });

  it('counts no vote that was given on something else than it shows now', () => {
    const changed = gateOf({ message: 'Deploy the hot-fix?', shownHash: 'd'.repeat(64), policy: named.data.policy });
    const { message, shown, shownHash, requestedAt: changedAt } = changed;
    const news = ApprovalShownChanged({ ...place, message, shown, shownHash, changedAt });
    given(named, voted('grace')).when({ type: 'RequestApproval', data: changed }).thenEmits(news);
    given(named, voted('grace'), news)
      .when(says('grace', 'APPROVE', { shownHash: hash }))
      .thenRejects('SHOWN_CHANGED');
    const again = after(
      named,
      says('grace', 'APPROVE'),
      { type: 'RequestApproval', data: changed },
      says('linus', 'APPROVE', { email: 'linus@acme.example' }),
    );
    expect(again.map(({ type }) => type)).toEqual(['ApprovalVoted']);
  });
});

describe('the time limit of a gate', () => {
  const limited = (onTimeout: 'FAIL' | 'REJECT' | 'SKIP' | 'ESCALATE', approvers?: string[]) =>
    asked({
      policy: { count: 1, excludeStarter: false, ...(approvers && { approvers }) },
      deadline: { timeoutMs: 60_000, onTimeout, escalateTo: ['mem_boss'], dueAt: '2026-11-21T10:01:00.000Z' },
    });
  const expire = (round: number): ApprovalCommand => ({ type: 'ExpireApproval', data: { round, at: AT } });

  it.each(['FAIL', 'REJECT', 'SKIP'] as const)('decides with %s, in the name of the system', outcome => {
    expect(after(limited(outcome), expire(0))).toEqual([
      ApprovalDecided({
        ...{ ...place, kind: 'gate', decision: outcome, how: 'TIMEOUT', shownHash: hash, calls: [], decidedAt: AT },
        by: { kind: 'system', id: 'timeout', name: 'Time limit' },
        comment: 'Nobody decided in time.',
      }),
    ]);
  });

  it('can ask others as well, once, until a new limit; then the gate fails', () => {
    const requested = limited('ESCALATE', ['mem_grace']);
    const escalated = ApprovalEscalated({
      ...{ ...place, to: ['mem_boss'], dueAt: '2026-11-21T10:01:00.000Z', escalatedAt: AT },
    });
    given(requested).when(says('boss', 'APPROVE')).thenRejects('NOT_AN_APPROVER');
    given(requested).when(expire(0)).thenEmits(escalated);
    given(requested, escalated).when(expire(0)).thenNothing();
    expect(after(requested, expire(0), says('boss', 'APPROVE'))[0]?.type).toBe('ApprovalDecided');
    expect(after(requested, expire(0), says('grace', 'APPROVE'))[0]?.type).toBe('ApprovalDecided');
    expect(after(requested, expire(0), expire(1))[0]).toMatchObject({ data: { decision: 'FAIL', how: 'TIMEOUT' } });
  });

  it('changes nothing once people have decided', () => {
    expect(after(limited('REJECT'), says('grace', 'APPROVE'), expire(0))).toEqual([]);
  });
});

describe('what can be decided', () => {
  it('includes changes to a result under review, which have to be named', () => {
    given(asked()).when(says('grace', 'REQUEST_CHANGES')).thenRejects('COMMENT_MISSING');
    const [changes] = after(asked(), says('grace', 'REQUEST_CHANGES', { comment: 'Shorter, please.' }));
    expect(changes).toMatchObject({ data: { decision: 'REQUEST_CHANGES', comment: 'Shorter, please.' } });
    const before = asked({ decisions: ['APPROVE', 'REJECT', 'SKIP'] });
    given(before)
      .when(says('grace', 'REQUEST_CHANGES', { comment: 'No.' }))
      .thenRejects('DECISION_NOT_POSSIBLE');
    given(before).when(says('grace', 'ALLOW_ONCE')).thenRejects('DECISION_NOT_POSSIBLE');
  });

  it('of a background run is decided by its flow, and written down as a decision', () => {
    const settlement = { decision: 'APPROVE', how: 'BACKGROUND', by: member('robot'), decidedAt: AT } as const;
    const data = gateOf();
    given()
      .when({ type: 'RequestApproval', data, settlement })
      .thenEmits(
        ApprovalRequested(data),
        ApprovalDecided({ ...place, ...settlement, kind: 'gate', shownHash: hash, calls: [] }),
      );
  });
});

describe('a gate that somebody forces', () => {
  const settlement = { decision: 'APPROVE', how: 'FORCE', by: member('root'), decidedAt: AT } as const;
  const force: ApprovalCommand = { type: 'SettleApproval', data: settlement };
  const forced = ApprovalDecided({ ...place, ...settlement, kind: 'gate', shownHash: hash, calls: [] });

  it('is decided by that alone, and only while it is open', () => {
    given(asked({ policy: { count: 2, excludeStarter: true } }))
      .when(force)
      .thenEmits(forced);
    given(asked(), forced).when(force).thenNothing();
    given().when(force).thenNothing();
  });
});

describe('what agents ask', () => {
  const prompt = ApprovalRequested(promptOf());

  it('is one prompt for all who ask the same, and one answer for all of them', () => {
    const call = { step: 'other', attempt: 2, callId: 'other.2.t1.1' };
    const again = promptOf({ calls: [call] });
    given(prompt)
      .when({ type: 'RequestApproval', data: again })
      .thenEmits(ApprovalJoined({ ...place, call, joinedAt: AT }));
    given(prompt).when({ type: 'RequestApproval', data: promptOf() }).thenNothing();
    const [allowed] = after(prompt, { type: 'RequestApproval', data: again }, says('grace', 'ALLOW_ONCE'));
    expect(allowed).toMatchObject({ data: { calls: [...promptOf().calls, call] } });
  });

  it('can be allowed for more than one call, within a pattern and until a time that is yet to come', () => {
    const grant = { pattern: 'npm test*', expiresAt: '2026-12-01T00:00:00.000Z' };
    expect(after(prompt, says('grace', 'ALLOW_ALWAYS', { grant }))[0]).toMatchObject({ data: { grant } });
    given(prompt)
      .when(says('grace', 'ALLOW_ONCE', { grant }))
      .thenRejects('INVALID_GRANT');
    given(prompt)
      .when(says('grace', 'ALLOW_RUN', { grant: { expiresAt: AT } }))
      .thenRejects('INVALID_GRANT');
    const unknown = promptOf({ shown: { tool: 'read_file', arguments: {}, callHash: 'c'.repeat(64) } });
    given(ApprovalRequested(unknown))
      .when(says('grace', 'ALLOW_RUN', { grant: { pattern: '*' } }))
      .thenRejects('INVALID_GRANT');
  });

  it('is answered with one of the choices, where there are some', () => {
    const question = gateOf({
      kind: 'question',
      decisions: ['ANSWER'],
      shown: { question: 'Which?', choices: ['a', 'b'] },
    });
    const requested = ApprovalRequested(question);
    given(requested)
      .when(says('grace', 'ANSWER', { answer: 'c' }))
      .thenRejects('NOT_A_CHOICE');
    expect(after(requested, says('grace', 'ANSWER', { answer: 'b' }))[0]).toMatchObject({ data: { answer: 'b' } });
    const open = ApprovalRequested({ ...question, shown: { question: 'Why?' } });
    expect(after(open, says('grace', 'ANSWER', { answer: 'Because.' }))[0]).toMatchObject({
      data: { answer: 'Because.' },
    });
  });
});
