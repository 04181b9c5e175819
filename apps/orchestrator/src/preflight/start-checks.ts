import type { RunChoices, StepDefinition } from '@runledger/contracts';
import type { EventStore } from '@runledger/event-store';
import { isRejection } from '@runledger/kernel';
import type { JsonObject } from '../parameters/parameter-schema.js';
import type { ConnectedIntegrations } from '../needs/connected-integrations.js';
import { KnownProfiles } from '../runs/known-profiles.js';
import { PinnedFlows, type PinnedFlow } from '../runs/pinned-flows.js';
import {
  checkParameters,
  type Decline,
  flowNotFound,
  flowSlug,
  profileRequired,
  repositoryUnknown,
  resolveChoices,
  type StartRequest,
  stepUnknown,
} from '../runs/start-request.js';
import { onlyThisStep } from './only-step.js';
import { requirementProblems } from './requirement-problems.js';
import { type Available, mayNeedConnections, needsOf, type RunNeeds } from './run-needs.js';

/** A request with everything in it resolved: nothing that can be known before a step exists stands against it. */
export interface CheckedRequest {
  readonly flow: PinnedFlow;
  readonly steps: readonly StepDefinition[];
  readonly parameters: JsonObject;
  readonly choices: RunChoices;
}

/** As far as the request could be resolved, and everything that stands against it, in the order in which it declines. */
export interface ExaminedRequest extends Partial<CheckedRequest> {
  readonly needs?: RunNeeds;
  readonly problems: readonly Decline[];
}

/** The checks of a start, the same for a look ahead and for the start itself. They change nothing. */
export class StartChecks {
  readonly #flows: PinnedFlows;
  readonly #profiles: KnownProfiles;

  constructor(
    store: EventStore,
    private readonly available: Available,
    private readonly connected: ConnectedIntegrations,
  ) {
    this.#flows = new PinnedFlows(store);
    this.#profiles = new KnownProfiles(store);
  }

  async examine(request: StartRequest, tenant: string): Promise<ExaminedRequest> {
    const flow = await this.#flow(request, tenant);
    if (isRejection(flow)) return { problems: [flow] };
    const parameters = checkParameters(request, flow);
    const steps = onlyThisStep(flow.flow.definition.steps, request.onlyStep);
    const profile = await this.#profile(request, flow, tenant);
    const needs = await this.#needs(flow, steps ?? [], tenant);
    const problems = [
      ...(isRejection(parameters) ? [parameters] : []),
      ...(steps ? [] : [stepUnknown(request.onlyStep ?? '', flow)]),
      ...(isRejection(profile) ? [profile] : []),
      ...requirementProblems(needs),
    ];
    return {
      flow,
      needs,
      problems,
      ...(isRejection(parameters) ? {} : { parameters }),
      ...(steps && { steps }),
      ...(isRejection(profile) ? {} : { choices: resolveChoices(request, flow, profile) }),
    };
  }

  async #needs({ flow }: PinnedFlow, steps: readonly StepDefinition[], tenant: string): Promise<RunNeeds> {
    const { available } = this;
    const book = mayNeedConnections(flow.definition, steps) ? await this.connected.of(tenant) : new Map();
    return needsOf(flow.definition, steps, { tenant, available, book });
  }

  async #flow(request: StartRequest, tenant: string): Promise<PinnedFlow | Decline> {
    const name = flowSlug(request.flow);
    const flow = name === undefined ? undefined : await this.#flows.find(tenant, name, request.version);
    if (flow) return flow;
    const exists = name !== undefined && request.version !== undefined && (await this.#flows.find(tenant, name));
    return flowNotFound(request, Boolean(exists));
  }

  /** The chosen profile, else the one that a parameter `repositoryId` selects, else the flow's own. */
  async #profile(request: StartRequest, flow: PinnedFlow, tenant: string): Promise<string | Decline> {
    const { profile: chosen } = request.choices;
    if (chosen !== undefined) return (await this.#profiles.has(tenant, chosen)) ? chosen : profileRequired([chosen]);
    const repository = request.parameters['repositoryId'];
    const fallback = flow.flow.definition.defaults.profile;
    if (typeof repository === 'string' && repository !== '') {
      const matching = await this.#profiles.forRepository(tenant, repository, fallback);
      if (matching !== undefined) return matching;
      if (fallback === undefined) return repositoryUnknown(repository);
    }
    if (fallback === undefined) return profileRequired([]);
    return (await this.#profiles.has(tenant, fallback)) ? fallback : profileRequired([fallback]);
  }
}

/** The request when nothing stands against it, else what declines it. */
export function checkedOrDecline(examined: ExaminedRequest): CheckedRequest | Decline {
  const { flow, steps, parameters, choices, problems } = examined;
  const [first] = problems;
  if (first) return first;
  if (flow && steps && parameters && choices) return { flow, steps, parameters, choices };
  throw new TypeError('A request has no problem and could not be resolved.');
}
