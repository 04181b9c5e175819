import {
  ApprovalDecided,
  ApprovalRequested,
  ArtifactStored,
  AttemptEnded,
  AttemptStarted,
  ChargeRecorded,
  FlowVersionPublished,
  GateReached,
  GateResolved,
  ModelTurnEnded,
  RunCompleted,
  RunStarted,
  StepCompleted,
  StepReady,
  WorkspaceSnapshotTaken,
  gateAsking,
  type FlowDefinition,
} from '@runledger/contracts';
import { attemptId, gateId, type DomainEvent } from '@runledger/kernel';

/** Facts of one run of the flow `release`: an agent builds, people decide, a command deploys. */
export const BY = { kind: 'member', id: 'mem_ada', name: 'Ada', via: 'token' } as const;
export const T0 = Date.parse('2026-05-01T10:00:00.000Z');
export const at = (seconds: number): string => new Date(T0 + seconds * 1_000).toISOString();

const step = (key: string, name: string, needs: string[]) => ({
  key,
  name,
  needs,
  onFailure: { then: 'FAIL' as const },
  timeoutMs: 600_000,
  artifacts: [],
});

export const definition: FlowDefinition = {
  slug: 'release',
  name: 'Release',
  description: 'Builds, asks, deploys.',
  parameters: { type: 'object' },
  defaults: { profile: 'local', execution: 'INTERACTIVE', checkpointMode: 'TEMPLATE' },
  requires: { credentials: [], environments: [], integrations: [] },
  retention: { artifactsDays: 30 },
  steps: [
    {
      ...step('build', 'Build', []),
      agent: { provider: 'anthropic', model: 'sonnet', prompt: 'Build it.', skill: 'builder' },
    },
    { ...step('lint', 'Lint', []), command: { run: 'make lint' } },
    {
      ...step('deploy', 'Deploy', ['build', 'lint']),
      command: { run: 'make deploy' },
      gates: { before: gateAsking('Ship it?') },
    },
  ],
};

export const published = (version = 1, of: FlowDefinition = definition) =>
  FlowVersionPublished({
    flowId: 'flow_release',
    slug: 'release',
    version,
    hash: 'a'.repeat(64),
    definition: of,
    source: 'slug: release',
    sourceFormat: 'yaml',
    publishedBy: BY,
    publishedAt: at(0),
  });

/** The facts of one run, each made when it is asked for. Times are seconds after {@link T0}. */
export function story(runId: string) {
  const place = (key: string, attempt = 1) => ({
    attemptId: attemptId(runId, key, attempt),
    runId,
    step: key,
    attempt,
  });
  const requestId = gateId(runId, 'deploy', 'before', 1);
  const shown = {
    flow: 'Release',
    stepName: 'Deploy',
    upstream: [{ step: 'build', name: 'Build', summary: 'Built.' }],
  };
  return {
    runId,
    requestId,
    started: (startedAt = at(0), startedBy: typeof BY | { kind: 'member'; id: string } = BY) =>
      RunStarted({
        runId,
        flowId: 'flow_release',
        flowSlug: 'release',
        flowName: 'Release',
        flowVersion: 1,
        flowHash: 'a'.repeat(64),
        steps: definition.steps,
        parameters: { target: 'staging' },
        choices: { profile: 'local', execution: 'INTERACTIVE', checkpointMode: 'TEMPLATE' },
        startedBy,
        trigger: { kind: 'manual' },
        subject: { kind: 'ticket', id: 'OPS-7' },
        requestHash: 'b'.repeat(64),
        startedAt,
      }),
    ready: (key: string, attempt = 1, seconds = 1) =>
      StepReady({
        runId,
        step: key,
        attempt,
        profile: 'local',
        command: { run: 'true' },
        timeoutMs: 60_000,
        artifacts: [],
        readyAt: at(seconds),
      }),
    begun: (key: string, attempt = 1, seconds = 2) =>
      AttemptStarted({
        ...place(key, attempt),
        kind: 'command',
        profile: 'local',
        profileVersion: 1,
        driver: 'none',
        worker: 'w1',
        startedAt: at(seconds),
      }),
    turn: (key: string, turn: number) =>
      ModelTurnEnded({ ...place(key), turn, finishReason: 'stop', messages: [], at: at(3) }),
    finished: (key: string, attempt = 1, elapsedMs = 4_000) =>
      AttemptEnded({
        ...place(key, attempt),
        outcome: 'SUCCESS',
        cancelled: false,
        summary: `${key} is done.`,
        turns: 2,
        elapsedMs,
        endedAt: at(6),
      }),
    completed: (key: string) =>
      StepCompleted({
        runId,
        step: key,
        attempt: 1,
        outcome: 'SUCCESS',
        summary: `${key} is done.`,
        output: { ok: true },
        completedAt: at(7),
      }),
    gate: () =>
      GateReached({
        runId,
        step: 'deploy',
        gateId: requestId,
        position: 'before',
        origin: 'template',
        message: 'Ship it?',
        terms: {
          policy: { count: 1, excludeStarter: false },
          onTimeout: 'FAIL',
          autoApproveInBackground: false,
        },
        startedBy: BY,
        execution: 'INTERACTIVE',
        shown,
        reachedAt: at(8),
      }),
    asked: () =>
      ApprovalRequested({
        requestId,
        runId,
        step: 'deploy',
        kind: 'gate',
        message: 'Ship it?',
        shown,
        shownHash: 'c'.repeat(64),
        decisions: ['APPROVE', 'REJECT', 'SKIP'],
        policy: { count: 1, excludeStarter: false },
        calls: [],
        requestedAt: at(8),
      }),
    decided: () =>
      ApprovalDecided({
        requestId,
        runId,
        step: 'deploy',
        kind: 'gate',
        decision: 'APPROVE',
        how: 'PEOPLE',
        calls: [],
        by: BY,
        comment: 'Go.',
        shownHash: 'c'.repeat(64),
        decidedAt: at(9),
      }),
    resolved: () =>
      GateResolved({ runId, step: 'deploy', gateId: requestId, decision: 'APPROVE', by: BY, resolvedAt: at(10) }),
    ended: () => RunCompleted({ runId, completedAt: at(20) }),
    kept: (key: string, path: string, blob: { sha256: string; bytes: number }) =>
      ArtifactStored({
        ...place(key),
        artifactId: `art_${runId.slice(4)}.${path.replace(/\W/g, '-')}`,
        path,
        mediaType: 'text/html',
        blob,
        at: at(6),
      }),
    /** The workspace as the step left it. */
    snapshot: (key: string, root: { sha256: string; bytes: number }) =>
      WorkspaceSnapshotTaken({
        ...place(key),
        ...{ moment: 'after', root, files: 12, bytes: 4_096, newBytes: 1_024, at: at(7) },
      }),
    charged: (
      key: string,
      amountMicroUnits: number | null,
      more: Partial<ReturnType<typeof ChargeRecorded>['data']> = {},
    ) =>
      ChargeRecorded({
        chargeId: `chg_${key}`,
        usageId: `use_${key}`,
        runId,
        step: key,
        attempt: 1,
        kind: 'model',
        provider: 'anthropic',
        model: 'sonnet',
        amountMicroUnits,
        currency: 'USD',
        rateCardVersion: 1,
        usedAt: at(6),
        chargedAt: at(6),
        ...more,
      }),
  };
}

/** The story up to the gate that waits for people, in the order of the log. */
export function upToTheGate(runId: string): readonly DomainEvent[] {
  const run = story(runId);
  return [
    run.started(),
    run.ready('build'),
    run.ready('lint'),
    run.begun('build'),
    run.begun('lint'),
    run.turn('build', 1),
    run.finished('build'),
    run.charged('build', 1_250),
    run.completed('build'),
    run.finished('lint'),
    run.charged('lint', 40, { kind: 'compute', resourceClass: 'small' }),
    run.completed('lint'),
    run.gate(),
    run.asked(),
  ];
}
