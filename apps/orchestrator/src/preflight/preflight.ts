import { CountDailyRuns, kindOf, builtInTool } from '@runledger/contracts';
import type { DailyRuns, PreflightReport, StepDefinition } from '@runledger/contracts';
import type { CommandContext, CommandHandler } from '@runledger/event-store';
import { RetryableError } from '@runledger/kernel';
import type { CommandClient, CommandOutcome } from '@runledger/platform';
import { dailyLimitReached, type Decline, type StartRequest } from '../runs/start-request.js';
import { unhealthyOf } from '../environments/unhealthy-environments.js';
import { expectedGates } from './expected-gates.js';
import type { StartChecks } from './start-checks.js';

/** Answers Preflight: the checks of a start, all of them, with what the run would be. Changes nothing. */
export class PreflightDesk {
  constructor(
    private readonly checks: StartChecks,
    private readonly client: CommandClient,
    private readonly commands: CommandHandler,
  ) {}

  async look(request: StartRequest, context: CommandContext): Promise<CommandOutcome<PreflightReport, never>> {
    const {
      flow,
      steps = [],
      parameters,
      choices,
      needs,
      problems,
    } = await this.checks.examine(request, context.workspaceId);
    const environments = needs?.environments.map(({ name }) => name) ?? [];
    const unhealthy = await unhealthyOf(this.commands, context.workspaceId, environments);
    const dailyRuns = await this.#dailyRuns(context);
    const limit = dailyRuns && dailyLimitReached(dailyRuns);
    const output = {
      ...(flow && { flow: namedFlow(flow.flow) }),
      ...(choices && { choices }),
      ...(parameters && { parameters: { ...parameters } }),
      steps: steps.map(stepAhead),
      ...(needs ?? NOTHING_NEEDED),
      gates: choices ? expectedGates(steps, choices) : [],
      ...(dailyRuns && { dailyRuns }),
      warnings: unhealthy.map(({ message }) => ({ code: 'ENVIRONMENT_UNHEALTHY', message, fix: BRING_BACK })),
      problems: [...problems, ...(limit ? [limit] : [])].map(problemNode),
    };
    return { status: 'accepted', output: output as PreflightReport, position: undefined };
  }

  /** Undefined when billing does not answer: a look ahead can do without. */
  async #dailyRuns(context: CommandContext): Promise<DailyRuns | undefined> {
    try {
      const outcome = await this.client.send(CountDailyRuns, {}, context);
      return outcome.status === 'accepted' ? outcome.output : undefined;
    } catch (error) {
      if (error instanceof RetryableError) return undefined;
      throw error;
    }
  }
}

const BRING_BACK =
  'Bring the environment back. A run that is started meanwhile is blocked at its first step that requires it.';
const NOTHING_NEEDED = {
  providers: [],
  skills: [],
  functions: [],
  credentials: [],
  environments: [],
  integrations: [],
};

function namedFlow(flow: {
  readonly flowId: string;
  readonly slug: string;
  readonly version: number;
  readonly hash: string;
  readonly definition: { readonly name: string };
}) {
  const { flowId, slug, version, hash, definition } = flow;
  return { flowId, slug, name: definition.name, version, hash };
}

/** A step of the run to come. An agent without a list of tools may use all. */
function stepAhead(
  step: StepDefinition,
  _index: number,
  all: readonly StepDefinition[],
): PreflightReport['steps'][number] {
  const { key, name, needs, agent, function: called } = step;
  const routed = all.some(({ routes = [] }) => routes.some(({ to }) => to.includes(key)));
  return {
    key,
    name,
    kind: kindOf(step),
    needs,
    conditional: step.if !== undefined || routed,
    ...(agent && { provider: agent.provider, model: agent.model }),
    ...(agent?.skill !== undefined && { skill: agent.skill }),
    ...(called && { function: called.name }),
    tools: agent ? [...(agent.tools ?? builtInTool.options)] : [],
  };
}

function problemNode({ rejected: code, message, fix, details = [] }: Decline): PreflightReport['problems'][number] {
  return { code, message, ...(fix !== undefined && { fix }), details: [...details] };
}
