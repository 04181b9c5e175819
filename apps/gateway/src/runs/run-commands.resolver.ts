import { CancelRun, StartRun, type InputOf, type Json } from '@runledger/contracts';
import { reject } from '@runledger/kernel';
import { Inject } from '@nestjs/common';
import { Args, Mutation, Resolver } from '@nestjs/graphql';
import type { Caller } from '../access/caller.js';
import { Requires } from '../access/requires.js';
import { CallerOf } from '../graph/graph-context.js';
import { refusalNode } from '../graph/nodes.js';
import { RequestError } from '../graph/request-errors.js';
import { CommandDesk } from '../reads/command-desk.js';
import { ReadModels } from '../reads/read-models.js';
import { mayCancel } from './run-nodes.js';
import { RunReader } from './run-reader.js';

type StartCommand = InputOf<typeof StartRun>;

interface StartRunInput {
  readonly flow: string;
  readonly version?: number | null;
  readonly parameters?: Json | null;
  readonly profile?: string | null;
  readonly execution?: StartCommand['choices']['execution'] | null;
  readonly checkpointMode?: StartCommand['choices']['checkpointMode'] | null;
  readonly subject?: {
    readonly kind: string;
    readonly id: string;
    readonly url?: string | null;
    readonly context?: Json | null;
  } | null;
  readonly idempotencyKey?: string | null;
}

@Resolver()
export class RunCommandsResolver {
  constructor(
    @Inject(CommandDesk) private readonly desk: CommandDesk,
    @Inject(RunReader) private readonly reader: RunReader,
    @Inject(ReadModels) private readonly readModels: ReadModels,
  ) {}

  @Mutation('startRun')
  @Requires('flows.run')
  async startRun(@Args('input') input: StartRunInput, @CallerOf() caller: Caller) {
    const outcome = await this.desk.send(StartRun, startCommand(input), caller);
    if (outcome.status === 'refused') return refusalNode('RunDeclined', outcome.refusal);
    const { runId } = outcome.output;
    return this.reader.referred({ workspaceId: caller.workspaceId, runId }, outcome.position ?? 0n);
  }

  @Mutation('cancelRun')
  @Requires('flows.run')
  async cancelRun(
    @Args() { runId, mode }: { readonly runId: string; readonly mode?: 'GRACEFUL' | 'FORCE' | null },
    @CallerOf() caller: Caller,
  ) {
    const run = await this.reader.find(caller.workspaceId, runId);
    if (!run) return refusalNode('RunRefused', reject('RUN_NOT_FOUND', 'There is no such run.'));
    if (!mayCancel(run.view, caller)) {
      const who = run.startedBy.name ?? run.startedBy.id;
      return refusalNode(
        'RunRefused',
        reject('FORBIDDEN', `${who} started this run; cancelling runs of others takes flows.cancel.any.`, {
          fix: `Ask ${who}, or someone with flows.cancel.any.`,
        }),
      );
    }
    const outcome = await this.desk.send(CancelRun, { runId, mode: mode ?? 'GRACEFUL' }, caller, runId);
    if (outcome.status === 'refused') return refusalNode('RunRefused', outcome.refusal);
    if (outcome.position !== undefined) await this.readModels.reach(outcome.position, ['runs']);
    return this.reader.find(caller.workspaceId, runId);
  }
}

function startCommand(input: StartRunInput): StartCommand {
  const { flow, version, parameters, profile, execution, checkpointMode, subject, idempotencyKey } = input;
  return {
    flow,
    ...(version != null && { version }),
    parameters: objectOf(parameters, 'parameters'),
    choices: {
      ...(profile != null && { profile }),
      ...(execution != null && { execution }),
      ...(checkpointMode != null && { checkpointMode }),
    },
    trigger: { kind: 'manual' },
    ...(subject != null && { subject: subjectOf(subject) }),
    ...(idempotencyKey != null && { idempotencyKey }),
  };
}

function subjectOf({ kind, id, url, context }: NonNullable<StartRunInput['subject']>): StartCommand['subject'] {
  const known = context == null ? {} : { context: objectOf(context, 'subject.context') };
  return { kind, id, ...(url != null && { url }), ...known };
}

function objectOf(value: Json | null | undefined, where: string): Record<string, Json> {
  if (value == null) return {};
  if (typeof value === 'object' && !Array.isArray(value)) return value;
  throw new RequestError('BAD_USER_INPUT', `${where} is a JSON object.`, 'Pass `{ "name": value }`.');
}
