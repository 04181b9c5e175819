import {
  GateReached,
  GateResolved,
  RunStarted,
  StepCancelled,
  StepCompleted,
  StepFailed,
  StepReady,
  StepSkipped,
  type StepDefinition,
} from '@runledger/contracts';
import { ORCHESTRATOR } from './orchestrator-actor.js';
import type { RunCommand } from './run-commands.js';

/** What the specs of runs say often. */
export const runId = 'run_0198aaaa-bbbb-7ccc-8ddd-000000000001';
export const runKey = '0198aaaa-bbbb-7ccc-8ddd-000000000001';
export const at = '2026-03-01T10:00:00.000Z';
export const ada = { kind: 'member', id: 'mem_ada', name: 'Ada' } as const;
export const crash = { code: 'COMMAND_FAILED', message: 'Exit code 1.' };

type Started = ReturnType<typeof RunStarted>['data'];

/** A step with a script; `needs` as given. */
export function step(key: string, needs: string[] = [], more: Partial<StepDefinition> = {}): StepDefinition {
  const work = more.agent || more.function || more.gate ? {} : { command: { run: 'true' } };
  return {
    key,
    name: `Do ${key}`,
    needs,
    ...work,
    onFailure: { then: 'FAIL' },
    timeoutMs: 60_000,
    artifacts: [],
    ...more,
  };
}

export function startedData(steps: StepDefinition[], more: Partial<Started> = {}): Started {
  return {
    runId,
    flowId: 'flow_demo',
    flowSlug: 'demo',
    flowName: 'Demo',
    flowVersion: 1,
    flowHash: 'f00d',
    steps,
    parameters: {},
    choices: { profile: 'plain', execution: 'INTERACTIVE', checkpointMode: 'TEMPLATE' },
    startedBy: ada,
    trigger: { kind: 'manual' },
    requestHash: 'cafe',
    startedAt: at,
    ...more,
  };
}

export const started = (steps: StepDefinition[], more: Partial<Started> = {}) => RunStarted(startedData(steps, more));
export const start = (steps: StepDefinition[], more: Partial<Started> = {}): RunCommand => ({
  type: 'StartRun',
  data: startedData(steps, more),
});

export function ready(key: string, env: Record<string, string> = {}, run = 'true') {
  return StepReady({
    runId,
    step: key,
    attempt: 1,
    profile: 'plain',
    command: { run, env: { ...env, RUN_ID: runId } },
    timeoutMs: 60_000,
    artifacts: [],
    readyAt: at,
  });
}

export const completed = (key: string, more: { summary?: string; output?: never } = {}) =>
  StepCompleted({ runId, step: key, attempt: 1, outcome: 'SUCCESS', ...more, completedAt: at });
export const completedAt = (key: string, attempt: number) => StepCompleted({ ...completed(key).data, attempt });
export const failed = (key: string, outcome: 'ERROR' | 'BLOCKED' = 'ERROR') =>
  StepFailed({ runId, step: key, attempt: 1, outcome, error: crash, failedAt: at });
export const cancelled = (key: string) => StepCancelled({ runId, step: key, cancelledAt: at });
export const skipped = (key: string) =>
  StepSkipped({ runId, step: key, cause: 'gate', reason: 'Skipped at its gate.', by: ada, skippedAt: at });
/** No route leads to the step. */
export const notTaken = (key: string) =>
  StepSkipped({
    runId,
    step: key,
    cause: 'not_taken',
    reason: 'No route leads here.',
    by: ORCHESTRATOR,
    skippedAt: at,
  });
export const gateTerms = (message: string) => ({
  message,
  policy: { count: 1, excludeStarter: false },
  onTimeout: 'FAIL' as const,
  autoApproveInBackground: false,
});
export const gateIdOf = (key: string) => `apr_${runKey}.${key}.before.1`;

type Upstream = ReturnType<typeof GateReached>['data']['shown']['upstream'];
export function gate(
  key: string,
  message: string,
  upstream: Upstream = [],
  origin: 'template' | 'every_step' = 'template',
) {
  return GateReached({
    runId,
    step: key,
    gateId: gateIdOf(key),
    position: 'before',
    origin,
    message,
    terms: { policy: { count: 1, excludeStarter: false }, onTimeout: 'FAIL', autoApproveInBackground: false },
    startedBy: ada,
    execution: 'INTERACTIVE',
    shown: { flow: 'Demo', stepName: `Do ${key}`, upstream },
    reachedAt: at,
  });
}

export const resolved = (key: string, decision: 'APPROVE' | 'REJECT' | 'SKIP') =>
  GateResolved({ runId, step: key, gateId: gateIdOf(key), decision, by: ada, resolvedAt: at });

type Ended = Extract<RunCommand, { type: 'RecordAttemptEnded' }>['data'];
export function ended(key: string, more: Partial<Ended> = {}): RunCommand {
  return {
    type: 'RecordAttemptEnded',
    data: {
      step: key,
      attempt: 1,
      outcome: 'SUCCESS',
      cancelled: false,
      summary: undefined,
      output: undefined,
      error: undefined,
      at,
      ...more,
    },
  };
}

export function decide(key: string, decision: 'APPROVE' | 'REJECT' | 'SKIP', gateId = gateIdOf(key)): RunCommand {
  return { type: 'ResolveGate', data: { step: key, gateId, decision, by: ada, comment: undefined, at } };
}

export const cancel = (mode: 'GRACEFUL' | 'FORCE' = 'GRACEFUL'): RunCommand => ({
  type: 'RequestCancel',
  data: { mode, by: ada, at },
});
