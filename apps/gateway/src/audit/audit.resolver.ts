import { ProveEvent, SignCheckpoint, type OutputOf } from '@runledger/contracts';
import { Inject } from '@nestjs/common';
import { Args, Context, Query, Resolver } from '@nestjs/graphql';
import type { Caller } from '../access/caller.js';
import { Requires } from '../access/requires.js';
import { CallerOf, type GraphContext } from '../graph/graph-context.js';
import { CommandDesk } from '../reads/command-desk.js';
import { ReadModels } from '../reads/read-models.js';
import { auditRefused, sizeOf } from './audit-requests.js';

interface ProofArgs {
  readonly eventId: string;
  readonly atLeast?: string | null;
}

interface CheckpointArgs {
  readonly since?: string | null;
  readonly atLeast?: string | null;
}

/** What the audit service signs and proves, for those who may read the log. */
@Resolver()
export class AuditResolver {
  constructor(
    @Inject(CommandDesk) private readonly desk: CommandDesk,
    @Inject(ReadModels) private readonly readModels: ReadModels,
  ) {}

  @Query('auditProof')
  @Requires('audit.read')
  async auditProof(@Args() args: ProofArgs, @CallerOf() caller: Caller, @Context() context: GraphContext) {
    await this.readModels.atLeast(args.atLeast, context);
    const { eventId } = args;
    const outcome = await this.desk.send(ProveEvent, { eventId }, caller);
    if (outcome.status === 'refused') throw auditRefused(outcome.refusal);
    const { leaf, checkpoint, ...proof } = outcome.output;
    return { eventId, leaf: String(leaf), ...proof, checkpoint: checkpointNode(checkpoint) };
  }

  @Query('auditCheckpoint')
  @Requires('audit.read')
  async auditCheckpoint(@Args() args: CheckpointArgs, @CallerOf() caller: Caller, @Context() context: GraphContext) {
    await this.readModels.atLeast(args.atLeast, context);
    const { since } = args;
    const outcome = await this.desk.send(SignCheckpoint, since == null ? {} : { since: sizeOf(String(since)) }, caller);
    if (outcome.status === 'refused') throw auditRefused(outcome.refusal);
    const { checkpoint, consistency, keys } = outcome.output;
    return { ...checkpointNode(checkpoint), consistency: consistency ?? null, keys };
  }
}

function checkpointNode(checkpoint: OutputOf<typeof ProveEvent>['checkpoint']) {
  return { ...checkpoint, size: String(checkpoint.size), keys: [], consistency: null };
}
