import { ALL_SCOPES, MemberAdded, type Scope } from '@runledger/contracts';
import { CommandHandler, newUuid, type Actor, type CommandContext } from '@runledger/event-store';
import { idOf, reject, streamOf } from '@runledger/kernel';
import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { CLOCK, type Clock } from '@runledger/platform';
import { GATEWAY_OPTIONS, type GatewayOptions } from '../gateway.config.js';
import { fitting } from '../reads/fitting.js';
import { ReadModels } from '../reads/read-models.js';
import { actorOf, holds, type Caller } from './caller.js';
import { member } from './member.decider.js';
import { hashSecret, isTokenId, mintToken, showToken } from './token-secret.js';
import { token } from './token.decider.js';
import { workspace } from './workspace.decider.js';

/** What names and addresses may be, wherever they are shown. */
const named = z.object({ name: z.string().max(200), email: z.string().max(320).optional() });

const SETUP: Actor = { kind: 'system', id: 'setup', name: 'Set-up' };

/** The first workspace of an installation and its owner. */
export interface Bootstrap {
  readonly workspaceId: string;
  readonly memberId: string;
  /** `rl_…` when it was made now: whoever asked keeps it, nobody can be shown it again. */
  readonly token: string | undefined;
}

/** Who joins a workspace. */
export interface NewMember {
  readonly name: string;
  readonly kind: 'person' | 'service';
  readonly email?: string;
  readonly scopes: readonly Scope[];
}

/** Where workspaces, members and tokens are made: the commands of the gateway's own streams. */
@Injectable()
export class AccessDesk {
  constructor(
    @Inject(CommandHandler) private readonly handler: CommandHandler,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(GATEWAY_OPTIONS) private readonly options: Pick<GatewayOptions, 'pepper'>,
    @Inject(ReadModels) private readonly readModels: Pick<ReadModels, 'reach'>,
  ) {}

  /**
   * Sets up workspace `ws_default` with an owner who may do everything. Idempotent: repeated, it changes nothing, and a
   * further token is made only when asked for (`freshToken`), for somebody who has lost the first.
   */
  async bootstrapWorkspace(asked: { readonly freshToken?: boolean } = {}): Promise<Bootstrap> {
    const workspaceId = 'ws_default';
    const memberId = 'mem_owner';
    const context = this.#context(workspaceId, SETUP);
    const at = context.occurredAt;
    const created = await this.handler.handle(
      workspace,
      streamOf('workspace', workspaceId),
      {
        type: 'CreateWorkspace',
        data: { workspaceId, slug: 'default', name: 'Default', plan: 'business', createdBy: SETUP, createdAt: at },
      },
      context,
    );
    const owner = { memberId, workspaceId, name: 'Owner', kind: 'person' as const, scopes: [...ALL_SCOPES] };
    await this.handler.handle(
      member,
      streamOf('member', memberId),
      { type: 'AddMember', data: { ...owner, addedBy: SETUP, addedAt: at } },
      context,
    );
    const isNew = created.status === 'accepted' && created.events.length > 0;
    if (!isNew && asked.freshToken !== true) return { workspaceId, memberId, token: undefined };
    const issued = await this.#issue(context, { memberId, name: 'First token', scopes: ALL_SCOPES, held: ALL_SCOPES });
    if (issued.status === 'refused') throw new TypeError(`The first token was refused: ${issued.refusal.message}`);
    // Whoever gets the token may use it at once.
    if (issued.position !== undefined) await this.readModels.reach(issued.position, ['access']);
    return { workspaceId, memberId, token: issued.shown };
  }

  /** Makes a token for the caller, with at most the caller's own scopes. */
  issueToken(
    caller: Caller,
    asked: { readonly name: string; readonly scopes: readonly Scope[]; readonly expiresAt?: string },
  ) {
    fitting(named, asked);
    const context = this.#context(caller.workspaceId, actorOf(caller));
    return this.#issue(context, { ...asked, memberId: caller.memberId, held: caller.scopes });
  }

  /** Adds a member with at most the caller's own scopes, and makes a token that carries all of the member's. */
  async addMember(caller: Caller, asked: NewMember) {
    fitting(named, asked);
    const missing = asked.scopes.filter(scope => !holds(caller, scope));
    if (missing.length > 0) {
      const message = `You cannot give what you do not have: ${missing.join(', ')}.`;
      return { status: 'refused' as const, refusal: reject('SCOPE_NOT_HELD', message, { fix: 'Leave it out.' }) };
    }
    const context = this.#context(caller.workspaceId, actorOf(caller));
    const memberId = idOf('mem', context.commandId);
    const data = {
      ...asked,
      scopes: [...new Set(asked.scopes)],
      ...{ memberId, workspaceId: caller.workspaceId, addedBy: context.actor, addedAt: context.occurredAt },
    };
    const added = await this.handler.handle(
      member,
      streamOf('member', memberId),
      { type: 'AddMember', data: fitting(MemberAdded.schema, data) },
      context,
    );
    if (added.status === 'refused') return added;
    const { scopes } = asked;
    const issued = await this.#issue(context, { memberId, name: 'First token', scopes, held: scopes });
    return issued.status === 'refused' ? issued : { ...issued, memberId };
  }

  async revokeToken(caller: Caller, tokenId: string) {
    if (!isTokenId(tokenId)) {
      return {
        status: 'refused' as const,
        refusal: reject('TOKEN_NOT_FOUND', 'This is no id of a token.', {
          fix: 'Take the `id` of one of your tokens.',
        }),
      };
    }
    const context = this.#context(caller.workspaceId, actorOf(caller));
    return this.handler.handle(
      token,
      streamOf('token', tokenId),
      {
        type: 'RevokeToken',
        data: {
          tokenId,
          workspaceId: caller.workspaceId,
          revokedBy: context.actor,
          revokedAt: context.occurredAt,
        },
        memberId: caller.memberId,
        ofOthers: holds(caller, 'workspace.admin'),
      },
      context,
    );
  }

  async #issue(
    context: CommandContext,
    asked: {
      readonly memberId: string;
      readonly name: string;
      readonly scopes: readonly Scope[];
      readonly held: readonly Scope[];
      readonly expiresAt?: string;
    },
  ) {
    const minted = mintToken();
    const { tokenId } = minted;
    const { memberId, name, scopes, held, expiresAt } = asked;
    const outcome = await this.handler.handle(
      token,
      streamOf('token', tokenId),
      {
        type: 'IssueToken',
        data: {
          tokenId,
          workspaceId: context.workspaceId,
          memberId,
          name,
          scopes: [...new Set(scopes)],
          secretHash: hashSecret(this.options.pepper, minted.secret),
          ...(expiresAt !== undefined && { expiresAt }),
          issuedBy: context.actor,
          issuedAt: context.occurredAt,
        },
        held,
      },
      context,
    );
    if (outcome.status === 'refused') return outcome;
    return { status: 'accepted' as const, tokenId, shown: showToken(minted), position: outcome.position };
  }

  #context(workspaceId: string, actor: Actor): CommandContext {
    const commandId = newUuid();
    return { commandId, workspaceId, actor, occurredAt: this.clock.now(), correlationId: commandId };
  }
}
