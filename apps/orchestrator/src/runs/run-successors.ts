import type { InputOf, OutputOf, RefusalOf, RerunFromStep, RetryRun } from '@runledger/contracts';
import type { CommandContext, CommandHandler } from '@runledger/event-store';
import { isRejection, reject, streamOf } from '@runledger/kernel';
import type { CommandOutcome } from '@runledger/platform';
import { checkedOrDecline, type CheckedRequest, type StartChecks } from '../preflight/start-checks.js';
import { concurrencyOf } from '../queues/concurrency-key.js';
import { jsonBytes } from '../values/storable-text.js';
import { inheritedSteps } from './inherited-steps.js';
import { isRunId } from './run-ids.js';
import { hasFailed } from './run-retry.js';
import type { Origin, RunStarter } from './run-starter.js';
import { stepOf, type KnownRun } from './run-state.js';
import { interruptedSteps, isKnown, notPossible, runNotFound, stepNotFound } from './run-verbs.js';
import { run } from './run.decider.js';
import type { Decline, StartRequest } from './start-request.js';
import { steerRun } from './steer-run.js';

type Outcome = CommandOutcome<OutputOf<typeof RetryRun>, RefusalOf<typeof RetryRun>>;
type Retry = InputOf<typeof RetryRun>;
type Rerun = InputOf<typeof RerunFromStep>;

/** What was done before is stored with the run's first event, beside its flow and its parameters. */
const MAX_INHERITED_BYTES = 10_000_000;

export interface SuccessorParts {
  readonly commands: CommandHandler;
  readonly starter: RunStarter;
  readonly checks: StartChecks;
}

/** Answers RetryRun and RerunFromStep: tries runs again, in place or as new runs that know where they come from. */
export class RunSuccessors {
  constructor(private readonly parts: SuccessorParts) {}

  async retry(input: Retry, context: CommandContext): Promise<Outcome> {
    const source = await this.#source(input.runId, context);
    if (!source) return { status: 'refused', refusal: runNotFound() };
    if (input.mode === 'IN_PLACE') return this.#inPlace(source, input, context);
    const mayClone = source.status === 'ended' ? hasFailed(source) : interruptedSteps(source).length > 0;
    if (!mayClone) return { status: 'refused', refusal: notPossible(source, 'retried') };
    const beginning = input.from === 'BEGINNING';
    return this.#start(source, input, context, steps => {
      const lineage = { kind: 'RETRY', of: source.plan.runId } as const;
      return beginning ? { lineage } : inheriting(lineage, inheritedSteps(source, steps, undefined));
    });
  }

  async rerun(input: Rerun, context: CommandContext): Promise<Outcome> {
    const source = await this.#source(input.runId, context);
    if (!source) return { status: 'refused', refusal: runNotFound() };
    if (source.status !== 'ended') return { status: 'refused', refusal: notPossible(source, 're-run') };
    if (!stepOf(source, input.step)) return { status: 'refused', refusal: stepNotFound(input.step) };
    return this.#start(source, input, context, steps => {
      if (!steps.some(({ key }) => key === input.step)) return stepGone(input.step);
      const lineage = { kind: 'RERUN', of: source.plan.runId, fromStep: input.step } as const;
      return inheriting(lineage, inheritedSteps(source, steps, input.step));
    });
  }

  async #source(runId: string, { workspaceId: tenant }: CommandContext): Promise<KnownRun | undefined> {
    if (!isRunId(runId)) return undefined;
    const { state } = await this.parts.commands.load(run, { tenant, name: streamOf('run', runId) });
    return isKnown(state) ? state : undefined;
  }

  async #start(source: KnownRun, input: Retry | Rerun, context: CommandContext, origin: Origin): Promise<Outcome> {
    const outcome = await this.parts.starter.start(requestAgain(source, input), context, origin);
    if (outcome.status === 'refused') return outcome;
    return { status: 'accepted', output: { runId: outcome.output.runId }, position: outcome.position };
  }

  /** Only what changes is checked again: a run goes on with the version that it has although a newer one has replaced it. */
  async #inPlace(source: KnownRun, input: Retry, context: CommandContext): Promise<Outcome> {
    const changes = input.version === 'LATEST' || input.parameters !== undefined;
    const checked = changes ? await this.#check(source, input, context) : undefined;
    if (isRejection(checked)) return { status: 'refused', refusal: checked };
    if (checked && !staysInQueue(source, checked)) return { status: 'refused', refusal: otherQueue() };
    const { from } = input;
    const changed = checked ? changesOf(source, checked) : {};
    const data = { from, ...changed, by: context.actor, at: context.occurredAt };
    const outcome = await steerRun(this.parts.commands, input.runId, { type: 'RetryRun', data }, context);
    if (outcome.status === 'refused') return outcome;
    return { status: 'accepted', output: { runId: input.runId }, position: outcome.position };
  }

  async #check(source: KnownRun, input: Retry, { workspaceId }: CommandContext): Promise<CheckedRequest | Decline> {
    return checkedOrDecline(await this.parts.checks.examine(requestAgain(source, input), workspaceId));
  }
}

/** What was asked for then, with what is different now. */
function requestAgain({ plan }: KnownRun, { version, parameters }: Retry | Rerun): StartRequest {
  const { flowSlug, flowVersion, onlyStep, subject } = plan.started;
  return {
    flow: flowSlug,
    ...(version === 'LATEST' ? {} : { version: flowVersion }),
    ...(onlyStep === undefined ? {} : { onlyStep }),
    parameters: parameters ?? { ...plan.parameters },
    choices: plan.choices,
    trigger: { kind: 'manual' },
    ...(subject === undefined ? {} : { subject }),
  };
}

function changesOf({ plan }: KnownRun, { flow, steps, parameters }: CheckedRequest) {
  const { version, hash } = flow.flow;
  const isNew = version !== plan.started.flowVersion;
  return { parameters: { ...parameters }, ...(isNew ? { flow: { version, hash, steps: [...steps] } } : {}) };
}

/** The run is known to the queue of the key that it began with. */
function staysInQueue({ plan }: KnownRun, { flow, parameters }: CheckedRequest): boolean {
  const { subject, concurrency: before } = plan.started;
  const { concurrency } = concurrencyOf(flow.flow.definition, { parameters: { ...parameters }, subject });
  return concurrency?.key === before?.key;
}

function otherQueue(): Decline {
  return reject('PREFLIGHT_FAILED', 'With these changes the run would have another concurrency key.', {
    fix: 'Retry it as a clone: that is a run of its own, with a turn of its own.',
  });
}

type Inheriting = Exclude<ReturnType<Origin>, Decline>;

function inheriting(
  lineage: Inheriting['lineage'],
  inherited: NonNullable<Inheriting['inherited']>,
): Inheriting | Decline {
  if (jsonBytes(inherited) <= MAX_INHERITED_BYTES) return { lineage, inherited };
  return reject('PREFLIGHT_FAILED', 'The earlier steps have said too much for the new run to take over.', {
    fix: 'Retry the run in place, or let steps hand large results on as files.',
  });
}

function stepGone(step: string): Decline {
  return reject('PREFLIGHT_FAILED', `The latest version of the flow has no step ${step}.`, {
    fix: 'Re-run with the same version, or from another step.',
  });
}
