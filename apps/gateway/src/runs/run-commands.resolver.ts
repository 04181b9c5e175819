import { StartRun, type InputOf, type Json } from '@runledger/contracts';
import { Inject } from '@nestjs/common';
import { Args, Mutation, Resolver } from '@nestjs/graphql';
import type { Caller } from '../access/caller.js';
import { Requires } from '../access/requires.js';
import { CallerOf } from '../graph/graph-context.js';
import { jsonObject } from '../graph/json-object.js';
import { refusalNode } from '../graph/nodes.js';
import { CommandDesk } from '../reads/command-desk.js';
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
  ) {}

  @Mutation('startRun')
  @Requires('flows.run')
  async startRun(@Args('input') input: StartRunInput, @CallerOf() caller: Caller) {
    const outcome = await this.desk.send(StartRun, startCommand(input), caller);
    if (outcome.status === 'refused') return refusalNode('RunDeclined', outcome.refusal);
    const { runId } = outcome.output;
    return this.reader.referred({ workspaceId: caller.workspaceId, runId }, outcome.position ?? 0n);
  }
}

function startCommand(input: StartRunInput): StartCommand {
  const { flow, version, parameters, profile, execution, checkpointMode, subject, idempotencyKey } = input;
  return {
    flow,
    ...(version != null && { version }),
    parameters: jsonObject(parameters, 'parameters'),
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
  const known = context == null ? {} : { context: jsonObject(context, 'subject.context') };
  return { kind, id, ...(url != null && { url }), ...known };
}
