import {
  RunCancelRequested,
  RunCancelled,
  RunDiscarded,
  RunFailed,
  RunPaused,
  RunRejected,
  StepBlocked,
  StepFailed,
  StepInterrupted,
  ALL_SCOPES,
  type Scope,
} from '@runledger/contracts';
import type { DomainEvent } from '@runledger/kernel';
import type { Caller } from '../access/caller.js';
import { actionsFor, stepActionsFor } from './run-actions.js';
import { at, BY, story, upToTheGate } from './run-story.fixture.js';
import { viewAfter } from './run-view.fixture.js';

const RUN = 'run_0198-a';
const run = story(RUN);
const error = { code: 'COMMAND_FAILED', message: 'exit 1' };

const caller = (memberId: string, ...scopes: readonly Scope[]): Caller => ({
  workspaceId: 'ws_acme',
  tokenId: 'tok_1',
  memberId,
  memberName: memberId,
  memberKind: 'person',
  scopes,
});
const admin = caller('mem_root', ...ALL_SCOPES);
const starter = caller(BY.id, 'flows.read', 'flows.run');
const colleague = caller('mem_bob', 'flows.read', 'flows.run');
const reader = caller(BY.id, 'flows.read');

const running = [run.started(), run.ready('build'), run.begun('build'), run.ready('lint')];
const failedStep = StepFailed({ runId: RUN, step: 'build', attempt: 1, outcome: 'ERROR', error, failedAt: at(5) });
const failed = [...running, failedStep, RunFailed({ runId: RUN, step: 'build', error, failedAt: at(6) })];
const cancelled = [...running, RunCancelled({ runId: RUN, by: BY, cancelledAt: at(6) })];
const blocked = [
  ...running,
  StepBlocked({
    runId: RUN,
    step: 'build',
    attempt: 1,
    cause: { kind: 'CREDENTIAL', message: 'No access.', fix: 'Connect it.' },
    blockedAt: at(5),
  }),
];
const discarded = RunDiscarded({ runId: RUN, by: BY, discardedAt: at(9) });

const offered = (who: Caller, ...events: readonly DomainEvent[]) => actionsFor(viewAfter(RUN, events), who);
const offeredAt = (key: string, who: Caller, ...events: readonly DomainEvent[]) => {
  const view = viewAfter(RUN, events);
  return view.steps.filter(step => step.key === key).flatMap(step => stepActionsFor(view, step, who));
};

describe('what can be done with a run', () => {
  it.each([
    ['that is accepted', [run.started()], ['CANCEL']],
    ['that runs', running, ['PAUSE', 'CANCEL']],
    ['that waits at a gate', upToTheGate(RUN), ['DECIDE', 'CANCEL', 'SKIP_STEP']],
    [
      'of which one branch waits at a gate and another runs',
      [...running, run.gate()],
      ['PAUSE', 'CANCEL', 'SKIP_STEP'],
    ],
    ['that is about to fail', [...running, failedStep], ['CANCEL', 'RETRY', 'RETRY_STEP', 'SKIP_STEP']],
    [
      'that someone paused',
      [...running, RunPaused({ runId: RUN, cause: 'OPERATOR', by: BY, pausedAt: at(5) })],
      ['RESUME', 'CANCEL'],
    ],
    [
      'that waits for its turn',
      [run.started(), RunPaused({ runId: RUN, cause: 'QUEUE', by: BY, pausedAt: at(5) })],
      ['CANCEL'],
    ],
    ['that is blocked', blocked, ['PAUSE', 'RESUME', 'CANCEL', 'RETRY_STEP', 'SKIP_STEP']],
    [
      'whose worker is gone',
      [...running, StepInterrupted({ runId: RUN, step: 'build', attempt: 1, reason: 'Died.', interruptedAt: at(5) })],
      ['PAUSE', 'CANCEL', 'RETRY', 'RETRY_STEP'],
    ],
    ['that failed', failed, ['RETRY', 'RERUN', 'DISCARD', 'RETRY_STEP', 'SKIP_STEP']],
    [
      'that was rejected',
      [...running, RunRejected({ runId: RUN, step: 'deploy', gateId: 'apr_1', by: BY, rejectedAt: at(6) })],
      ['RERUN'],
    ],
    ['that was cancelled', cancelled, ['RESUME', 'RERUN', 'DISCARD']],
    ['that is complete', [...running, run.ended()], ['RERUN']],
    ['that was put away', [...cancelled, discarded], ['RERUN']],
  ])('%s is what its state allows', (_state, events, actions) => {
    expect(offered(starter, ...events)).toEqual(actions);
  });

  it('is to stop it harder, and nothing else, while it is being cancelled', () => {
    const asked = (mode: 'GRACEFUL' | 'FORCE') =>
      RunCancelRequested({ runId: RUN, mode, by: BY, stopBy: at(60), requestedAt: at(5) });
    expect(offered(admin, ...running, asked('GRACEFUL'))).toEqual(['CANCEL']);
    expect(offered(admin, ...running, asked('FORCE'))).toEqual([]);
  });

  it('depends on whose run it is: those of others are cancelled and put away with flows.cancel.any only', () => {
    expect(offered(colleague, ...running)).toEqual(['PAUSE']);
    expect(offered(colleague, ...cancelled)).toEqual(['RESUME', 'RERUN']);
    expect(offered(caller('mem_bob', 'flows.cancel.any'), ...running)).toEqual(['CANCEL']);
  });

  it('is nothing for those who may only read', () => {
    for (const events of [running, failed, blocked, cancelled, upToTheGate(RUN)]) {
      expect(offered(reader, ...events)).toEqual([]);
    }
  });

  it('is to force a stuck step for those with flows.force', () => {
    expect(offered(admin, ...upToTheGate(RUN))).toContain('FORCE_ADVANCE');
    expect(offered(admin, run.started())).not.toContain('FORCE_ADVANCE');
  });
});

describe('what can be done with a step', () => {
  it('is to try it again or leave it out when it failed, and its run goes on', () => {
    expect(offeredAt('build', starter, ...failed)).toEqual(['RETRY', 'SKIP', 'RERUN_FROM']);
    expect(offeredAt('lint', starter, ...failed)).toEqual(['RERUN_FROM']);
    expect(offeredAt('build', starter, ...failed, discarded)).toEqual(['RERUN_FROM']);
  });

  it('is nothing while it does what it should, but for those who may force', () => {
    expect(offeredAt('build', starter, ...running)).toEqual([]);
    expect(offeredAt('build', admin, ...running)).toEqual(['FORCE_ADVANCE']);
    expect(offeredAt('deploy', admin, ...running)).toEqual([]);
  });

  it('is nothing once the flow has gone on another way after its failure', () => {
    const handled = StepFailed({
      runId: RUN,
      step: 'build',
      attempt: 1,
      outcome: 'ERROR',
      error,
      then: 'ROUTE',
      failedAt: at(5),
    });
    expect(offeredAt('build', admin, ...running, handled)).toEqual([]);
  });
});
