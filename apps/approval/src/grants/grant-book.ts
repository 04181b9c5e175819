import { grantCovers } from '@runledger/contracts';
import type { CoveredCall, Grant, InputOf, OutputOf, RefusalOf, RevokeGrant } from '@runledger/contracts';
import type { CommandContext, CommandHandler } from '@runledger/event-store';
import { idOf, keyOf, streamOf } from '@runledger/kernel';
import type { CommandOutcome } from '@runledger/platform';
import { grants } from './grants.decider.js';

type Revoked = CommandOutcome<OutputOf<typeof RevokeGrant>, RefusalOf<typeof RevokeGrant>>;

/** Of the request that was decided with it. */
export function grantIdOf(requestId: string): string {
  return idOf('gra', keyOf(requestId));
}

/** The grants of all workspaces: made by decisions, asked for by prompts, revoked by command. */
export class GrantBook {
  constructor(private readonly handler: CommandHandler) {}

  async make(grant: Grant, context: CommandContext): Promise<void> {
    const stream = streamOf('grants', context.workspaceId);
    await this.handler.handle(grants, stream, { type: 'MakeGrant', data: grant }, context);
  }

  /** The oldest grant that lets the call go ahead; undefined: people have to be asked. */
  async covering(workspaceId: string, call: CoveredCall): Promise<Grant | undefined> {
    const { state } = await this.handler.load(grants, { tenant: workspaceId, name: streamOf('grants', workspaceId) });
    return [...state.values()].find(grant => grant !== undefined && grantCovers(grant, call));
  }

  /** Answers the command `RevokeGrant`. */
  async revoke({ grantId }: InputOf<typeof RevokeGrant>, context: CommandContext): Promise<Revoked> {
    const { workspaceId, actor, occurredAt } = context;
    const outcome = await this.handler.handle(
      grants,
      streamOf('grants', workspaceId),
      { type: 'RevokeGrant', data: { grantId, by: actor, revokedAt: occurredAt } },
      context,
    );
    if (outcome.status === 'refused') return outcome;
    return { status: 'accepted', output: { grantId }, position: outcome.position };
  }
}
