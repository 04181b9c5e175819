import {
  ApprovalDecided,
  ApprovalRequested,
  FlowVersionPublished,
  GateReached,
  gateAsking,
  GateResolved,
  RunCompleted,
  RunStarted,
  StepCompleted,
  StepReady,
  StepRetryScheduled,
  type FlowDefinition,
} from '@runledger/contracts';
import { gateId, type DomainEvent } from '@runledger/kernel';
import { at, BY, definition, published, story } from './run-story.fixture.js';

const step = (key: string, name: string, called: string, needs: string[] = []) => ({
  key,
  name,
  needs,
  function: { name: called, input: {} },
  onFailure: { then: 'FAIL' as const },
  timeoutMs: 60_000,
  artifacts: [],
});

/** Functions open a ticket, which people look at, and post a note; then the ticket is closed. */
export const announcement: FlowDefinition = {
  ...definition,
  slug: 'announce',
  name: 'Announce',
  steps: [
    { ...step('ticket', 'Open a ticket', 'open-ticket'), gates: { after: gateAsking('Is it right?') } },
    step('note', 'Post a note', 'post-note'),
    step('close', 'Close the ticket', 'close-ticket', ['ticket', 'note']),
  ],
};

export const announcementPublished = FlowVersionPublished({
  ...published(1, announcement).data,
  ...{ flowId: 'flow_announce', slug: 'announce', source: 'slug: announce' },
});

/** The facts of one run whose steps call functions. Times are seconds after the start. */
export function functionStory(runId: string) {
  const requestId = gateId(runId, 'ticket', 'after', 1);
  const terms = {
    policy: { count: 1, excludeStarter: false },
    onTimeout: 'FAIL',
    autoApproveInBackground: false,
  } as const;
  const result = { outcome: 'SUCCESS', summary: 'Opened OPS-7.', output: { id: 'OPS-7' } } as const;
  const shown = {
    flow: 'Announce',
    stepName: 'Open a ticket',
    upstream: [{ step: 'ticket', name: 'Open a ticket', ...result }],
  };
  return {
    requestId,
    started: (more: Partial<ReturnType<typeof RunStarted>['data']> = {}) => {
      const flow = { flowId: 'flow_announce', flowSlug: 'announce', flowName: 'Announce' };
      return RunStarted({ ...story(runId).started().data, ...flow, steps: announcement.steps, ...more });
    },
    called: (key: string, name: string, { attempt = 1, seconds = 1 } = {}) =>
      StepReady({
        ...{ runId, step: key, attempt, profile: 'local', timeoutMs: 60_000, artifacts: [] },
        ...{ function: { name, input: {} }, readyAt: at(seconds) },
      }),
    completed: (key: string, seconds = 3, attempt = 1) =>
      StepCompleted({
        ...{ runId, step: key, attempt, outcome: 'SUCCESS' as const },
        ...{ summary: `${key} is done.`, output: { ok: true }, completedAt: at(seconds) },
      }),
    /** Its result waits for people. */
    reviewed: () =>
      GateReached({
        ...{ runId, step: 'ticket', gateId: requestId, position: 'after', origin: 'template', message: 'Is it right?' },
        ...{ terms, startedBy: BY, execution: 'INTERACTIVE', shown, reachedAt: at(4) },
        result: { attempt: 1, ...result },
      }),
    asked: () =>
      ApprovalRequested({
        ...{ requestId, runId, step: 'ticket', kind: 'gate', message: 'Is it right?', shown, requestedAt: at(4) },
        ...{ shownHash: 'c'.repeat(64), decisions: ['APPROVE', 'REJECT'], policy: terms.policy, calls: [] },
      }),
    decided: () =>
      ApprovalDecided({
        ...{ requestId, runId, step: 'ticket', kind: 'gate', decision: 'APPROVE', how: 'PEOPLE', calls: [], by: BY },
        ...{ shownHash: 'c'.repeat(64), decidedAt: at(9) },
      }),
    resolved: () =>
      GateResolved({ runId, step: 'ticket', gateId: requestId, decision: 'APPROVE', by: BY, resolvedAt: at(10) }),
    ended: () => RunCompleted({ runId, completedAt: at(20) }),
  };
}

/** All of it in the order of the log: a retry, a review, and an end. */
export function announced(
  runId: string,
  choices?: ReturnType<typeof RunStarted>['data']['choices'],
): readonly DomainEvent[] {
  const run = functionStory(runId);
  return [
    run.started(choices && { choices }),
    run.called('ticket', 'open-ticket'),
    run.called('note', 'post-note'),
    StepRetryScheduled({
      ...{
        runId,
        step: 'note',
        attempt: 2,
        dueAt: at(4),
        reason: 'Attempt 1 failed; retry 1 of 3.',
        scheduledAt: at(2),
      },
      error: { code: 'CHAT_AWAY', message: 'The chat does not answer.', fix: 'Look whether it is up.' },
    }),
    run.reviewed(),
    run.asked(),
    run.called('note', 'post-note', { attempt: 2, seconds: 4 }),
    run.completed('note', 6, 2),
    run.decided(),
    run.resolved(),
    run.completed('ticket', 10),
    run.called('close', 'close-ticket', { seconds: 10 }),
    run.completed('close', 12),
    run.ended(),
  ];
}
