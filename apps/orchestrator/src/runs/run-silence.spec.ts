import {
  RunCancelRequested,
  RunPaused,
  RunResumed,
  StepBlocked,
  StepForceAdvanced,
  StepHeardAgain,
  StepInterrupted,
  StepReady,
  StepReattached,
  StepSkipped,
} from '@runledger/contracts';
import { specify } from '@runledger/testing';
import type { RunCommand } from './run-commands.js';
import { run } from './run.decider.js';
import * as the from './run.fixture.js';
import { ada, at, runId, step } from './run.fixture.js';

const given = specify(run);
const since = '2026-03-01T09:50:00.000Z';
const pair = [step('left'), step('right')];
const running = [the.started(pair), the.ready('left'), the.ready('right')];
const of = { step: 'left', attempt: 1, at };
const silence: RunCommand = { type: 'RecordSilence', data: { ...of, since, limitMs: 600_000 } };
const signOfLife: RunCommand = { type: 'RecordSignOfLife', data: of };
const silent = StepBlocked({
  runId,
  step: 'left',
  attempt: 1,
  cause: {
    kind: 'SILENT',
    message: `Nothing was heard of Do left for 10m: the last sign of life was at ${since}.`,
    fix: 'Wait: it goes on by itself once it is heard again. Or resume the run, or retry the step, for a new attempt instead of this one.',
  },
  blockedAt: at,
});
const heardAgain = StepHeardAgain({ runId, step: 'left', attempt: 1, heardAt: at });
const readyAgain = StepReady({ ...the.ready('left').data, attempt: 2, askedBy: ada });
const asked = { by: ada, at };

describe('an attempt of which nothing is heard', () => {
  it('is blocked with its cause and what helps, once, and its siblings go on', () => {
    given(...running)
      .when(silence)
      .thenEmits(silent);
    given(...running, silent)
      .when(silence)
      .thenNothing();
    given(...running, silent)
      .when(the.ended('right'))
      .thenEmits(the.completed('right'));
  });

  it('goes on when it is heard again, however it is heard: nothing is lost', () => {
    given(...running, silent)
      .when(signOfLife)
      .thenEmits(heardAgain);
    given(...running, silent)
      .when(the.ended('left'))
      .thenEmits(heardAgain, the.completed('left'));
    given(...running)
      .when(signOfLife)
      .thenNothing();
  });

  it('is not blocked for a silence that has a reason: it is paused, lost its worker, or is over', () => {
    const paused = RunPaused({ runId, cause: 'OPERATOR', by: ada, pausedAt: at });
    const interrupted = StepInterrupted({ runId, step: 'left', attempt: 1, reason: 'It died.', interruptedAt: at });
    for (const reason of [paused, interrupted, the.completed('left')]) {
      given(...running, reason)
        .when(silence)
        .thenNothing();
    }
  });

  it('gets another attempt in its place when people do not want to wait', () => {
    given(...running, silent)
      .when({ type: 'ResumeRun', data: asked })
      .thenEmits(RunResumed({ runId, retried: ['left'], by: ada, resumedAt: at }), readyAgain);
    given(...running, silent)
      .when({ type: 'RetryStep', data: { ...asked, step: 'left' } })
      .thenEmits(readyAgain);
    // The late end of the attempt that was given up counts for nothing.
    given(...running, silent, readyAgain)
      .when(the.ended('left'))
      .thenNothing();
  });

  it('is left out when people want that', () => {
    const skipped = (reason: string) =>
      StepSkipped({ runId, step: 'left', cause: 'person', reason, by: ada, skippedAt: at });
    given(...running, silent)
      .when({ type: 'SkipStep', data: { ...asked, step: 'left' } })
      .thenEmits(skipped('Skipped.'));
    given(...running, silent)
      .when({ type: 'ForceAdvance', data: { ...asked, step: 'left' } })
      .thenEmits(
        StepForceAdvanced({ runId, step: 'left', from: 'BLOCKED', by: ada, advancedAt: at }),
        skipped('Advanced by force.'),
      );
  });

  it('goes on with another worker when its own turns out to be gone', () => {
    const interrupted = StepInterrupted({ runId, step: 'left', attempt: 1, reason: 'It died.', interruptedAt: at });
    given(...running, silent, interrupted)
      .when({ type: 'RecordReattachment', data: { ...of, worker: 'w2' } })
      .thenEmits(StepReattached({ runId, step: 'left', attempt: 1, worker: 'w2', reattachedAt: at }), heardAgain);
  });

  it('is stopped like any other when the run is cancelled: it may be at work', () => {
    given(...running, silent, the.completed('right'))
      .when(the.cancel())
      .thenEmits(
        RunCancelRequested({ runId, mode: 'GRACEFUL', by: ada, stopBy: '2026-03-01T10:02:00.000Z', requestedAt: at }),
      );
  });
});
