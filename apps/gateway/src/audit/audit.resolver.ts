import { ProveEvent, SignCheckpoint, type OutputOf } from '@runledger/contracts';
import { Inject } from '@nestjs/common';
import { Args, Query, Resolver } from '@nestjs/graphql';
import type { Caller } from '../access/caller.js';
import { Requires } from '../access/requires.js';
import { CallerOf } from '../graph/graph-context.js';
import { CommandDesk } from '../reads/command-desk.js';
import { auditRefused, sizeOf } from './audit-requests.js';

/** What the audit service signs and proves, for those who may read the log. */
@Resolver()
export class AuditResolver {
  constructor(@Inject(CommandDesk) private readonly desk: CommandDesk) {}

  @Query('auditProof')
  @Requires('audit.read')
  async auditProof(@Args('eventId') eventId: string, @CallerOf() caller: Caller) {
    const outcome = await this.desk.send(ProveEvent, { eventId }, caller);
    if (outcome.status === 'refused') throw auditRefused(outcome.refusal);
    const { leaf, checkpoint, ...proof } = outcome.output;
    return { eventId, leaf: String(leaf), ...proof, checkpoint: checkpointNode(checkpoint) };
  }

  @Query('auditCheckpoint')
  @Requires('audit.read')
  async auditCheckpoint(@Args('since') since: string | null | undefined, @CallerOf() caller: Caller) {
    const outcome = await this.desk.send(SignCheckpoint, since == null ? {} : { since: sizeOf(String(since)) }, caller);
    if (outcome.status === 'refused') throw auditRefused(outcome.refusal);
    const { checkpoint, consistency, keys } = outcome.output;
    return { ...checkpointNode(checkpoint), consistency: consistency ?? null, keys };
  }
}

function checkpointNode(checkpoint: OutputOf<typeof ProveEvent>['checkpoint']) {
  return { ...checkpoint, size: String(checkpoint.size), keys: [], consistency: null };
}
