import {
  ApprovalDecided,
  ApprovalEscalated,
  ApprovalJoined,
  ApprovalRequested,
  ApprovalWithdrawn,
  type ApprovalKind,
} from '@runledger/contracts';
import type { DomainEvent } from '@runledger/kernel';
import { actionsFor } from './run-actions.js';
import { at, BY, story, upToTheGate } from './run-story.fixture.js';
import { viewAfter } from './run-view.fixture.js';
import { waitingOn } from './waiting.js';

const RUN = 'run_0198-a';
const run = story(RUN);
const shown = { tool: 'bash', arguments: { command: 'make' } } as never;
const PROMPT = 'apr_prompt';

const running = [run.started(), run.ready('build'), run.begun('build'), run.ready('lint'), run.begun('lint')];
const call = (step: string) => ({ step, attempt: 1, callId: `call-${step}` });
const place = { requestId: PROMPT, runId: RUN, step: 'build' };
const asked = (kind: ApprovalKind, requestId = PROMPT, approvers: string[] = []) =>
  ApprovalRequested({
    ...place,
    requestId,
    kind,
    message: 'May I run make?',
    shown,
    shownHash: 'd'.repeat(64),
    decisions: ['ALLOW_ONCE', 'DENY'],
    policy: { count: 1, excludeStarter: false, approvers },
    deadline: { timeoutMs: 60_000, onTimeout: 'ESCALATE', dueAt: at(70) },
    calls: [call('build')],
    requestedAt: at(10),
  });
const allowed = ApprovalDecided({
  ...place,
  kind: 'permission',
  decision: 'ALLOW_ONCE',
  how: 'PEOPLE',
  by: BY,
  calls: [call('build')],
  shownHash: 'd'.repeat(64),
  decidedAt: at(20),
});

const given = (...events: readonly DomainEvent[]) => viewAfter(RUN, events);
const statesOf = (...events: readonly DomainEvent[]) => given(...events).steps.map(step => step.state);

describe('a run whose agents ask people', () => {
  it('waits with the step that asks only; its siblings go on', () => {
    const view = given(...running, asked('permission'));
    expect(view).toMatchObject({ status: 'PAUSED', statusReason: 'May I run make?' });
    expect(view.steps.map(step => step.state)).toEqual(['WAITING', 'RUNNING', 'PENDING']);
    expect(waitingOn(view)).toEqual([
      {
        kind: 'PERMISSION',
        what: 'May I run make?',
        step: 'build',
        since: at(10),
        until: at(70),
        mayAct: 'flows.run',
        requestId: PROMPT,
      },
      { kind: 'STEP', what: 'Lint executes.', step: 'lint', since: at(2), until: at(62) },
    ]);
  });

  it('goes on when it has an answer, and when its question is withdrawn', () => {
    const withdrawn = ApprovalWithdrawn({ ...place, reason: 'Over.', calls: [call('build')], withdrawnAt: at(20) });
    for (const end of [allowed, withdrawn]) {
      expect(statesOf(...running, asked('permission'), end)).toEqual(['RUNNING', 'RUNNING', 'PENDING']);
      expect(given(...running, asked('permission'), end).status).toBe('RUNNING');
    }
  });

  it('waits until the last of several questions has its answer', () => {
    const both = [...running, asked('permission'), asked('question', 'apr_question')];
    expect(waitingOn(given(...both)).map(({ kind }) => kind)).toEqual(['PERMISSION', 'QUESTION', 'STEP']);
    expect(statesOf(...both, allowed)[0]).toBe('WAITING');
  });

  it('shows every step that waits for the same answer', () => {
    const joined = ApprovalJoined({ ...place, call: call('lint'), joinedAt: at(11) });
    expect(statesOf(...running, asked('permission'), joined)).toEqual(['WAITING', 'WAITING', 'PENDING']);
    expect(statesOf(...running, asked('permission'), joined, allowed)).toEqual(['RUNNING', 'RUNNING', 'PENDING']);
  });

  it('names who may answer, and who else may once nobody had in time', () => {
    const named = [...running, asked('permission', PROMPT, ['mem_bob'])];
    const escalated = ApprovalEscalated({ ...place, to: ['mem_boss'], dueAt: at(130), escalatedAt: at(70) });
    expect(waitingOn(given(...named))[0]?.members).toEqual(['mem_bob']);
    expect(waitingOn(given(...named, escalated))[0]).toMatchObject({
      members: ['mem_bob', 'mem_boss'],
      until: at(130),
    });
    const offered = (memberId: string, ...events: readonly DomainEvent[]) =>
      actionsFor(given(...events), {
        workspaceId: 'ws_acme',
        tokenId: 'tok_1',
        memberId,
        memberName: memberId,
        memberKind: 'person',
        scopes: ['flows.run'],
      });
    expect(offered('mem_bob', ...named)).toContain('DECIDE');
    expect(offered('mem_boss', ...named)).not.toContain('DECIDE');
    expect(offered('mem_boss', ...named, escalated)).toContain('DECIDE');
  });

  it('waits for nobody any more once a gate has its decision', () => {
    const decided = given(...upToTheGate(RUN), run.decided());
    expect(waitingOn(decided)).toMatchObject([{ kind: 'PLATFORM' }]);
  });
});
