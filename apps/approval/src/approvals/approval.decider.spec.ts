import { ApprovalDecided, ApprovalRequested, ApprovalWithdrawn } from '@runledger/contracts';
import { specify } from '@runledger/testing';
import { approval } from './approval.decider.js';
import type { ApprovalCommand } from './approval.decider.js';
import type { Requested } from './approval-state.js';
import { shownHash } from './shown-hash.js';

const place = { requestId: 'apr_0198.deploy.before.1', runId: 'run_0198', step: 'deploy' };
const shown = {
  flow: 'Release',
  stepName: 'Deploy',
  upstream: [{ step: 'build', name: 'Build', summary: '12 files' }],
};
const message = 'Deploy to production?';
const hash = shownHash({ message, shown });
const ada = { kind: 'member', id: 'mem_ada', name: 'Ada', via: 'token' } as const;
const eve = { kind: 'member', id: 'mem_eve' } as const;
const at = '2026-11-21T10:00:00.000Z';

const request: Requested = {
  ...{ ...place, kind: 'gate', message, shown, shownHash: hash, requestedAt: at, calls: [] },
  decisions: ['APPROVE', 'REJECT', 'SKIP', 'REQUEST_CHANGES'],
  policy: { count: 1, excludeStarter: false },
};
const requested = ApprovalRequested(request);
const decision = { ...place, kind: 'gate', how: 'PEOPLE', calls: [], shownHash: hash, decidedAt: at } as const;
const approved = ApprovalDecided({ ...decision, calls: [], decision: 'APPROVE', by: ada });
const withdrawn = ApprovalWithdrawn({ ...place, reason: 'the run was cancelled', calls: [], withdrawnAt: at });

type Decision = Extract<ApprovalCommand, { type: 'DecideApproval' }>['data'];
const decide = (more: Partial<Decision> = {}): ApprovalCommand => ({
  type: 'DecideApproval',
  data: { requestId: place.requestId, decision: 'APPROVE', by: ada, decidedAt: at, ...more },
});
const withdraw: ApprovalCommand = {
  type: 'WithdrawApproval',
  data: { reason: 'the run was cancelled', withdrawnAt: at },
};
const given = specify(approval);

describe('an approval request', () => {
  it('is made once, however often the gate is reported', () => {
    given().when({ type: 'RequestApproval', data: request }).thenEmits(requested);
    given(requested).when({ type: 'RequestApproval', data: request }).thenNothing();
    given(requested, approved).when({ type: 'RequestApproval', data: request }).thenNothing();
  });

  it('can be approved, rejected or skipped, with a comment', () => {
    given(requested).when(decide()).thenEmits(approved);
    given(requested)
      .when(decide({ decision: 'REJECT', comment: 'not on a Friday' }))
      .thenEmits(ApprovalDecided({ ...decision, calls: [], decision: 'REJECT', by: ada, comment: 'not on a Friday' }));
    given(requested)
      .when(decide({ decision: 'SKIP', by: eve }))
      .thenEmits(ApprovalDecided({ ...decision, calls: [], decision: 'SKIP', by: eve }));
  });

  it('gets exactly one decision, by whomever and whatever the second says (D1)', () => {
    given(requested, approved)
      .when(decide({ decision: 'REJECT', by: eve }))
      .thenRejects('ALREADY_DECIDED');
    given(requested, approved).when(decide()).thenRejects('ALREADY_DECIDED');
  });

  it('tells those who come late who won, and with which decision', () => {
    const state = [requested, approved].reduce(
      (folded, event) => approval.evolve(folded, event),
      approval.initialState(),
    );
    expect(approval.decide(decide({ decision: 'REJECT', by: eve }), state)).toEqual({
      rejected: 'ALREADY_DECIDED',
      message: 'Ada already decided: APPROVE.',
      fix: 'Nothing is left to do: that decision stands, and the run shows what came of it.',
      details: [
        { path: 'decision', message: 'APPROVE' },
        { path: 'by', message: 'mem_ada' },
        { path: 'decidedAt', message: at },
      ],
    });
  });

  it('is decided only by people who saw what it shows', () => {
    given(requested)
      .when(decide({ shownHash: hash }))
      .thenEmits(approved);
    given(requested)
      .when(decide({ shownHash: shownHash({ message: 'Deploy to staging?', shown }) }))
      .thenRejects('SHOWN_CHANGED');
  });

  it('is not decided any more once its run is over', () => {
    given(requested).when(withdraw).thenEmits(withdrawn);
    given(requested, withdrawn).when(decide()).thenRejects('REQUEST_WITHDRAWN');
  });

  it('stays decided when its run ends afterwards', () => {
    given(requested, approved).when(withdraw).thenNothing();
    given(requested, withdrawn).when(withdraw).thenNothing();
  });

  it('must exist before it is decided or withdrawn', () => {
    given().when(decide()).thenRejects('REQUEST_NOT_FOUND');
    given().when(withdraw).thenNothing();
  });
});

describe('the hash of what was shown', () => {
  it('depends on every word of it and not on the order of members', () => {
    const [upstream] = shown.upstream;
    const reordered = {
      upstream: [{ summary: '12 files', name: 'Build', step: 'build' }],
      stepName: 'Deploy',
      flow: 'Release',
    };
    expect(shownHash({ shown: reordered, message })).toBe(hash);
    expect(shownHash({ message: `${message} `, shown })).not.toBe(hash);
    expect(shownHash({ message, shown: { ...shown, upstream: [{ ...upstream!, summary: '13 files' }] } })).not.toBe(
      hash,
    );
  });

  it('is SHA-256 over canonical JSON, so that others can compute it', () => {
    expect(shownHash({ message: 'm', shown: { flow: 'f', stepName: 's', upstream: [] } })).toBe(
      '3c68030ee7a6336fc0220699db49adb97309551d2fb51926ed0e0bedf96235c6',
    );
  });
});
