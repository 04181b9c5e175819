import {
  type RunStarted,
  type OutputOf,
  type RefusalOf,
  type StartRun,
  type StepDefinition,
} from '@runledger/contracts';
import type { CommandContext, CommandHandler, EventStore } from '@runledger/event-store';
import { isRejection, streamOf } from '@runledger/kernel';
import type { CommandOutcome } from '@runledger/platform';
import { checkedOrDecline, type CheckedRequest, type StartChecks } from '../preflight/start-checks.js';
import { concurrencyOf } from '../queues/concurrency-key.js';
import { skippedBecause } from '../queues/skipped-starts.js';
import { onBehalf } from './agent-starts.js';
import type { DailyStarts } from './daily-starts.js';
import { runIdOfCommand, runIdOfKey } from './run-ids.js';
import { keyReused } from './run-start.js';
import { run } from './run.decider.js';
import { type Decline, requestHash, type StartRequest } from './start-request.js';

type Outcome = CommandOutcome<OutputOf<typeof StartRun>, RefusalOf<typeof StartRun>>;

export interface RunStarterParts {
  readonly store: EventStore;
  readonly commands: CommandHandler;
  readonly checks: StartChecks;
  readonly dailyStarts: DailyStarts;
}

type StartedData = ReturnType<typeof RunStarted>['data'];

/** What a run has from another one, given the steps that it is going to have. */
export type Origin = (steps: readonly StepDefinition[]) => Pick<StartedData, 'lineage' | 'inherited'> | Decline;

/** Answers StartRun: checks everything that can be known before a step exists, then starts, or declines in writing. */
export class RunStarter {
  constructor(private readonly parts: RunStarterParts) {}

  /** `origin`: of a run that goes back to another one. */
  async start(asked: StartRequest, asker: CommandContext, origin?: Origin): Promise<Outcome> {
    const wanted = await onBehalf(this.parts.store, asked, asker);
    if (isRejection(wanted)) return this.#decline(wanted, asked, asker);
    const { request, context } = wanted;
    const { idempotencyKey: key } = request;
    const runId = key === undefined ? runIdOfCommand(context, 'start') : runIdOfKey(context.workspaceId, key);
    // First of all: the same request is the same run even if its flow or its profile has changed since.
    const earlier = key === undefined ? undefined : await this.#earlier(runId, request, context);
    if (earlier) return earlier;
    const checked = checkedOrDecline(await this.parts.checks.examine(request, context.workspaceId));
    if (isRejection(checked)) return this.#decline(checked, request, context);
    const inheriting = origin?.(checked.steps);
    if (isRejection(inheriting)) return this.#decline(inheriting, request, context);
    const exhausted = await this.parts.dailyStarts.budgetLeft(checked.flow.flow.flowId, runId, context);
    if (exhausted) return this.#decline(exhausted, request, context);
    const data = { ...startData(runId, request, checked, context), ...inheriting };
    const skipped = await skippedBecause(this.parts.commands, context.workspaceId, data);
    if (skipped) return this.#decline(skipped, request, context);
    // Last of all, so that no other decline uses up one of the day's starts.
    const limit = await this.parts.dailyStarts.reserve(runId, context);
    if (limit) return this.#decline(limit, request, context);
    return this.#begin(data, request, context);
  }

  async #begin(data: StartedData, request: StartRequest, context: CommandContext): Promise<Outcome> {
    const { runId } = data;
    const own = { ...context, correlationId: runId };
    const outcome = await this.parts.commands.begin(run, streamOf('run', runId), { type: 'StartRun', data }, own);
    if (outcome.status === 'refused') return this.#decline(keyReused(), request, context);
    if (outcome.events.length === 0) return this.#existing(runId, context.workspaceId);
    return { status: 'accepted', output: { runId, created: true }, position: outcome.position };
  }

  async #earlier(runId: string, request: StartRequest, context: CommandContext): Promise<Outcome | undefined> {
    const { workspaceId: tenant } = context;
    const { state } = await this.parts.commands.load(run, { tenant, name: streamOf('run', runId) });
    switch (state.status) {
      case 'absent':
        return undefined;
      case 'declined':
        return this.#decline(keyReused(), request, context);
      case 'running':
      case 'ended':
        if (state.requestHash !== requestHash(request)) return this.#decline(keyReused(), request, context);
        return this.#existing(runId, tenant);
    }
  }

  /** Writes a start down that was not even asked for, because it could not be. */
  decline(decline: Decline, request: StartRequest, context: CommandContext): Promise<Outcome> {
    return this.#decline(decline, request, context);
  }

  /** With the place of its first event, so that the caller can wait for a read model that knows the run. */
  async #existing(runId: string, tenant: string): Promise<Outcome> {
    const { events } = await this.parts.store.readStream({ tenant, name: streamOf('run', runId) }, { limit: 1 });
    return { status: 'accepted', output: { runId, created: false }, position: events[0]?.position };
  }

  /** A decline has a stream of its own: it does not use up the idempotency key, and the corrected request may use it. */
  async #decline(decline: Decline, request: StartRequest, context: CommandContext): Promise<Outcome> {
    const runId = runIdOfCommand(context, 'decline');
    const { rejected: code, message, fix, details = [] } = decline;
    const data = {
      runId,
      flow: request.flow,
      code,
      message,
      ...(fix === undefined ? {} : { fix }),
      details: [...details],
      requestedBy: context.actor,
      trigger: request.trigger,
      declinedAt: context.occurredAt,
    };
    const own = { ...context, correlationId: runId };
    await this.parts.commands.begin(run, streamOf('run', runId), { type: 'DeclineRun', data }, own);
    return { status: 'refused', refusal: decline };
  }
}

function startData(
  runId: string,
  request: StartRequest,
  { flow, steps, parameters, choices }: CheckedRequest,
  context: CommandContext,
): StartedData {
  const { flowId, slug, version, hash, definition } = flow.flow;
  return {
    runId,
    flowId,
    flowSlug: slug,
    flowName: definition.name,
    flowVersion: version,
    flowHash: hash,
    steps: [...steps],
    ...(request.onlyStep === undefined ? {} : { onlyStep: request.onlyStep }),
    ...(definition.requires.environments.length > 0 ? { environments: definition.requires.environments } : {}),
    ...concurrencyOf(definition, { parameters: { ...parameters }, subject: request.subject }),
    retention: definition.retention,
    parameters: { ...parameters },
    choices,
    startedBy: context.actor,
    trigger: request.trigger,
    ...(request.subject === undefined ? {} : { subject: request.subject }),
    ...(request.idempotencyKey === undefined ? {} : { idempotencyKey: request.idempotencyKey }),
    requestHash: requestHash(request),
    startedAt: context.occurredAt,
  };
}
