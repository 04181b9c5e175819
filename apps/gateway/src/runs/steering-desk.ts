import {
  CancelRun,
  DiscardRun,
  ForceAdvance,
  PauseRun,
  RerunFromStep,
  ResumeRun,
  RetryRun,
  RetryStep,
  SkipStep,
  type CommandDefinition,
} from '@runledger/contracts';
import { Inject, Injectable } from '@nestjs/common';
import type { Position } from '@runledger/event-store';
import { reject, type Rejection } from '@runledger/kernel';
import type { Caller } from '../access/caller.js';
import { CommandDesk } from '../reads/command-desk.js';
import { fitting } from '../reads/fitting.js';
import { ReadModels } from '../reads/read-models.js';
import { mayCancel } from './run-actions.js';
import type { RunNode } from './run-nodes.js';
import { RunReader } from './run-reader.js';

/** The verbs by which people steer a run, and the command that each becomes. The scopes are asked at the entry points (G2). */
export const STEERING = {
  pause: PauseRun,
  resume: ResumeRun,
  cancel: CancelRun,
  retry: RetryRun,
  retryStep: RetryStep,
  skip: SkipStep,
  forceAdvance: ForceAdvance,
  rerun: RerunFromStep,
  discard: DiscardRun,
} as const;
export type SteeringVerb = keyof typeof STEERING;

/** What becomes of a verb: the run that now executes (another one after a clone or a re-run), or the typed "no". */
export type Steered =
  | {
      readonly status: 'accepted';
      readonly run: RunNode;
      /** Whether that run was started by this. */
      readonly isNew: boolean;
      readonly position: Position | undefined;
    }
  | { readonly status: 'refused'; readonly refusal: Rejection };

interface AboutRun {
  readonly runId: string;
}

/** Where requests to steer a run become commands: one way for GraphQL and REST. */
@Injectable()
export class SteeringDesk {
  constructor(
    @Inject(CommandDesk) private readonly desk: CommandDesk,
    @Inject(RunReader) private readonly runs: RunReader,
    @Inject(ReadModels) private readonly readModels: ReadModels,
  ) {}

  /** `input` as the command has it; throws `BAD_USER_INPUT` when it does not fit. A run of another workspace looks as if absent. */
  async steer(verb: SteeringVerb, input: AboutRun, caller: Caller): Promise<Steered> {
    const command = STEERING[verb] as CommandDefinition<AboutRun, AboutRun>;
    const fit = fitting(command.input, input);
    const run = await this.runs.find(caller.workspaceId, fit.runId);
    if (!run) return refused(reject('RUN_NOT_FOUND', 'There is no such run.', { fix: 'Look at the list of runs.' }));
    if ((verb === 'cancel' || verb === 'discard') && !mayCancel(run.view, caller)) return refused(notYours(verb, run));
    const outcome = await this.desk.send(command, fit, caller, fit.runId);
    if (outcome.status === 'refused') return refused(outcome.refusal);
    return this.#done(caller, fit.runId, outcome.output.runId, outcome.position);
  }

  async #done(caller: Caller, asked: string, runId: string, position: Position | undefined): Promise<Steered> {
    if (position !== undefined) await this.readModels.reach(position, ['runs']);
    const run = await this.runs.referred({ workspaceId: caller.workspaceId, runId }, position ?? 0n);
    return { status: 'accepted', run, isNew: runId !== asked, position };
  }
}

function refused(refusal: Rejection): Steered {
  return { status: 'refused', refusal };
}

function notYours(verb: 'cancel' | 'discard', run: RunNode): Rejection {
  const who = run.startedBy.name ?? run.startedBy.id;
  const doing = verb === 'cancel' ? 'cancelling' : 'discarding';
  return reject('FORBIDDEN', `${who} started this run; ${doing} runs of others takes flows.cancel.any.`, {
    fix: `Ask ${who}, or someone with flows.cancel.any.`,
  });
}
