import { scope as scopeSchema, type Scope } from '@runledger/contracts';
import { reject } from '@runledger/kernel';
import { Inject } from '@nestjs/common';
import { Args, Context, Mutation, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { CallerOf, callerOf, type GraphContext } from '../graph/graph-context.js';
import { refusalNode } from '../graph/nodes.js';
import { ReadModels } from '../reads/read-models.js';
import { scopeName } from '../runs/run-nodes.js';
import { AccessDesk } from './access-desk.js';
import { AccessReader } from './access-reader.js';
import type { Caller } from './caller.js';
import { Erasure } from './erasure.js';
import { Requires, RequiresToken } from './requires.js';

interface MemberInput {
  readonly name: string;
  readonly kind?: 'PERSON' | 'SERVICE' | null;
  readonly email?: string | null;
  readonly scopes: readonly string[];
}

interface TokenInput {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly expiresAt?: string | null;
}

@Resolver('Viewer')
export class AccessResolver {
  constructor(
    @Inject(AccessReader) private readonly reader: AccessReader,
    @Inject(AccessDesk) private readonly desk: AccessDesk,
    @Inject(ReadModels) private readonly readModels: ReadModels,
    @Inject(Erasure) private readonly erasure: Erasure,
  ) {}

  @Query('viewer')
  @RequiresToken()
  async viewer(
    @Args('atLeast') atLeast: string | undefined,
    @CallerOf() caller: Caller,
    @Context() context: GraphContext,
  ) {
    await this.readModels.atLeast(atLeast, context);
    const { workspaceId, slug, name, plan } = await this.reader.workspace(caller.workspaceId);
    return {
      member: {
        ...{ id: caller.memberId, name: caller.memberName, kind: caller.memberKind.toUpperCase() },
        email: caller.email ?? null,
      },
      workspace: { id: workspaceId, slug, name, plan: plan.toUpperCase() },
      plan: plan.toUpperCase(),
      scopes: caller.scopes.map(scopeName),
    };
  }

  @ResolveField('tokens')
  tokens(@Context() context: GraphContext) {
    return this.reader.tokens(callerOf(context));
  }

  @Mutation('createToken')
  @RequiresToken()
  async createToken(@Args('input') input: TokenInput, @CallerOf() caller: Caller) {
    const { name, expiresAt } = input;
    const scopes = input.scopes.map(scopeOf);
    const issued = await this.desk.issueToken(caller, { name, scopes, ...(expiresAt != null && { expiresAt }) });
    if (issued.status === 'refused') return refusalNode('TokenRefused', issued.refusal);
    await this.#reached(issued.position);
    const token = await this.reader.token(caller.workspaceId, issued.tokenId);
    return { __typename: 'IssuedToken', token, secret: issued.shown };
  }

  @Mutation('addMember')
  @Requires('workspace.admin')
  async addMember(@Args('input') input: MemberInput, @CallerOf() caller: Caller) {
    const { name, email } = input;
    const there = email == null ? undefined : await this.reader.memberAt(caller.workspaceId, email);
    if (there) return refusalNode('MemberRefused', alreadyThere(there.memberId));
    const kind = input.kind === 'SERVICE' ? ('service' as const) : ('person' as const);
    const asked = { name, kind, scopes: input.scopes.map(scopeOf), ...(email != null && { email }) };
    const added = await this.desk.addMember(caller, asked);
    if (added.status === 'refused') return refusalNode('MemberRefused', added.refusal);
    await this.#reached(added.position);
    const member = { id: added.memberId, name, kind: kind.toUpperCase(), email: email ?? null };
    return { __typename: 'AddedMember', member, secret: added.shown };
  }

  @Mutation('eraseMember')
  @Requires('workspace.admin')
  async eraseMember(@Args('id') id: string, @Args('confirm') confirm: string, @CallerOf() caller: Caller) {
    const outcome = await this.erasure.erase(caller, { id, confirm });
    if (outcome.status === 'refused') return refusalNode('ErasureRefused', outcome.refusal);
    return { __typename: 'Erasure' as const, ...outcome.erasure };
  }

  @Mutation('revokeToken')
  @RequiresToken()
  async revokeToken(@Args('id') id: string, @CallerOf() caller: Caller) {
    const outcome = await this.desk.revokeToken(caller, id);
    if (outcome.status === 'refused') return refusalNode('TokenRefused', outcome.refusal);
    await this.#reached(outcome.position);
    return this.reader.token(caller.workspaceId, id);
  }

  /** A token is worth something, or nothing, from the moment that the answer is out. */
  async #reached(position: bigint | undefined): Promise<void> {
    if (position !== undefined) await this.readModels.reach(position, ['access']);
  }
}

function scopeOf(name: string): Scope {
  return scopeSchema.parse(name.toLowerCase().replaceAll('_', '.'));
}

/**
 * One person with two memberships would have two votes at a gate, and could not sign in by that address. An answer waits for the read
 * models, so whoever sends a request again is refused; two that are under way at the same moment are not told apart.
 */
function alreadyThere(memberId: string) {
  return reject('MEMBER_EXISTS', `${memberId} has this e-mail address already.`, {
    fix: 'Let them use the token that they have, or use another address.',
  });
}
