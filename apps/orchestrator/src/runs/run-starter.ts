import { type RunStarted, type OutputOf, type RefusalOf, type StartRun } from '@runledger/contracts';
import type { CommandContext, CommandHandler, EventStore } from '@runledger/event-store';
import { isRejection, streamOf } from '@runledger/kernel';
import type { CommandOutcome } from '@runledger/platform';
import type { JsonObject } from '../parameters/parameter-schema.js';
import { KnownProfiles } from './known-profiles.js';
import { PinnedFlows, type PinnedFlow } from './pinned-flows.js';
import { runIdOfCommand, runIdOfKey } from './run-ids.js';
import { keyReused } from './run-start.js';
import { run } from './run.decider.js';
import {
  checkParameters,
  type Decline,
  flowNotFound,
  flowSlug,
  profileCandidates,
  profileRequired,
  providersMissing,
  requestHash,
  resolveChoices,
  type StartRequest,
} from './start-request.js';

type Outcome = CommandOutcome<OutputOf<typeof StartRun>, RefusalOf<typeof StartRun>>;

/** Whether agents of this workspace can use a provider now. */
export type ProviderConnected = (provider: string, workspaceId: string) => boolean;

interface CheckedRequest {
  readonly flow: PinnedFlow;
  readonly parameters: JsonObject;
  readonly profile: string;
}

/** Answers StartRun: checks everything that can be known before a step exists, then starts, or declines in writing. */
export class RunStarter {
  readonly #flows: PinnedFlows;
  readonly #profiles: KnownProfiles;

  constructor(
    private readonly store: EventStore,
    private readonly commands: CommandHandler,
    private readonly isConnected: ProviderConnected,
  ) {
    this.#flows = new PinnedFlows(store);
    this.#profiles = new KnownProfiles(store);
  }

  async start(request: StartRequest, context: CommandContext): Promise<Outcome> {
    const { idempotencyKey: key } = request;
    const runId = key === undefined ? runIdOfCommand(context, 'start') : runIdOfKey(context.workspaceId, key);
    // First of all: the same request is the same run even if its flow or its profile has changed since.
    const earlier = key === undefined ? undefined : await this.#earlier(runId, request, context);
    if (earlier) return earlier;
    const checked = await this.#check(request, context.workspaceId);
    if (isRejection(checked)) return this.#decline(checked, request, context);
    const data = startData(runId, request, checked, context);
    const own = { ...context, correlationId: runId };
    const outcome = await this.commands.begin(run, streamOf('run', runId), { type: 'StartRun', data }, own);
    if (outcome.status === 'refused') return this.#decline(keyReused(), request, context);
    if (outcome.events.length === 0) return this.#existing(runId, context.workspaceId);
    return { status: 'accepted', output: { runId, created: true }, position: outcome.position };
  }

  async #check(request: StartRequest, tenant: string): Promise<CheckedRequest | Decline> {
    const name = flowSlug(request.flow);
    const flow = name === undefined ? undefined : await this.#flows.find(tenant, name, request.version);
    if (!flow) return this.#flowNotFound(request, tenant, name);
    const parameters = checkParameters(request, flow);
    if (isRejection(parameters)) return parameters;
    const candidates = profileCandidates(request, flow, parameters);
    const profile = await this.#firstKnown(tenant, candidates);
    if (profile === undefined) return profileRequired(candidates);
    const missing = this.#missingProviders(flow, tenant);
    return missing.length > 0 ? providersMissing(missing) : { flow, parameters, profile };
  }

  async #flowNotFound(request: StartRequest, tenant: string, name: string | undefined): Promise<Decline> {
    const exists = name !== undefined && request.version !== undefined && (await this.#flows.find(tenant, name));
    return flowNotFound(request, Boolean(exists));
  }

  async #firstKnown(tenant: string, profiles: readonly string[]): Promise<string | undefined> {
    for (const profile of profiles) {
      if (await this.#profiles.has(tenant, profile)) return profile;
    }
    return undefined;
  }

  #missingProviders({ flow }: PinnedFlow, tenant: string): string[] {
    const providers = new Set(flow.definition.steps.flatMap(step => step.agent?.provider ?? []));
    return [...providers].filter(provider => provider !== 'scripted' && !this.isConnected(provider, tenant));
  }

  async #earlier(runId: string, request: StartRequest, context: CommandContext): Promise<Outcome | undefined> {
    const { workspaceId: tenant } = context;
    const { state } = await this.commands.load(run, { tenant, name: streamOf('run', runId) });
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

  /** With the place of its first event, so that the caller can wait for a read model that knows the run. */
  async #existing(runId: string, tenant: string): Promise<Outcome> {
    const { events } = await this.store.readStream({ tenant, name: streamOf('run', runId) }, { limit: 1 });
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
    await this.commands.begin(run, streamOf('run', runId), { type: 'DeclineRun', data }, own);
    return { status: 'refused', refusal: decline };
  }
}

function startData(
  runId: string,
  request: StartRequest,
  checked: CheckedRequest,
  context: CommandContext,
): ReturnType<typeof RunStarted>['data'] {
  const { flow, parameters, profile } = checked;
  const { flowId, slug, version, hash, definition } = flow.flow;
  return {
    runId,
    flowId,
    flowSlug: slug,
    flowName: definition.name,
    flowVersion: version,
    flowHash: hash,
    steps: definition.steps,
    parameters: { ...parameters },
    choices: resolveChoices(request, flow, profile),
    startedBy: context.actor,
    trigger: request.trigger,
    ...(request.subject === undefined ? {} : { subject: request.subject }),
    ...(request.idempotencyKey === undefined ? {} : { idempotencyKey: request.idempotencyKey }),
    requestHash: requestHash(request),
    startedAt: context.occurredAt,
  };
}
