import type { OutputOf, RefusalOf, RetryRun } from '@runledger/contracts';
import type { CommandContext, CommandHandler } from '@runledger/event-store';
import { isRejection, streamOf } from '@runledger/kernel';
import type { CommandOutcome } from '@runledger/platform';
import { checkedOrDecline, type StartChecks } from '../preflight/start-checks.js';
import { isRunId } from './run-ids.js';
import type { RunStarter } from './run-starter.js';
import type { KnownRun, Run } from './run-state.js';
import {
  changesInPlace,
  cloneOf,
  requestAgain,
  rerunOf,
  type Rerun,
  type Retry,
  type Succession,
  type SuccessionRefusal,
} from './run-succession.js';
import { isKnown, runNotFound } from './run-verbs.js';
import { run } from './run.decider.js';
import { steerRun } from './steer-run.js';

type Outcome = CommandOutcome<OutputOf<typeof RetryRun>, RefusalOf<typeof RetryRun>>;

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
    if (input.mode === 'CLONE') return this.#start(cloneOf(source, input), context);
    if (!isKnown(source)) return { status: 'refused', refusal: runNotFound() };
    return this.#inPlace(source, input, context);
  }

  async rerun(input: Rerun, context: CommandContext): Promise<Outcome> {
    return this.#start(rerunOf(await this.#source(input.runId, context), input), context);
  }

  async #source(runId: string, { workspaceId: tenant }: CommandContext): Promise<Run> {
    if (!isRunId(runId)) return { status: 'absent' };
    return (await this.parts.commands.load(run, { tenant, name: streamOf('run', runId) })).state;
  }

  async #start(succession: Succession | SuccessionRefusal, context: CommandContext): Promise<Outcome> {
    if (isRejection(succession)) return { status: 'refused', refusal: succession };
    const outcome = await this.parts.starter.start(succession.request, context, succession.origin);
    if (outcome.status === 'refused') return outcome;
    return { status: 'accepted', output: { runId: outcome.output.runId }, position: outcome.position };
  }

  async #inPlace(source: KnownRun, input: Retry, context: CommandContext): Promise<Outcome> {
    const changes = await this.#changes(source, input, context);
    if (isRejection(changes)) return { status: 'refused', refusal: changes };
    const data = { from: input.from, ...changes, by: context.actor, at: context.occurredAt };
    const outcome = await steerRun(this.parts.commands, input.runId, { type: 'RetryRun', data }, context);
    if (outcome.status === 'refused') return outcome;
    return { status: 'accepted', output: { runId: input.runId }, position: outcome.position };
  }

  /** Only what changes is checked again: a run goes on with the version that it has although a newer one has replaced it. */
  async #changes(source: KnownRun, input: Retry, { workspaceId }: CommandContext) {
    if (input.version === 'SAME' && input.parameters === undefined) return {};
    const checked = checkedOrDecline(await this.parts.checks.examine(requestAgain(source, input), workspaceId));
    return isRejection(checked) ? checked : changesInPlace(source, checked);
  }
}
