import { RequestError } from '../graph/request-errors.js';
import type { Actor } from '@runledger/event-store';
import type { Scope } from '@runledger/contracts';

/** Who is asking, as the presented token proved it. The workspace comes from here and from nowhere else (G2). */
export interface Caller {
  readonly workspaceId: string;
  /** `tok_…`, or `jwt_…` of an identity provider. */
  readonly tokenId: string;
  /** When the right to ask ends by itself, for callers who signed in with an identity provider. */
  readonly expiresAt?: string;
  /** How they came in, where it was by no token: `slack`, `email link`. */
  readonly via?: string;
  readonly memberId: string;
  readonly memberName: string;
  readonly memberKind: 'person' | 'service';
  readonly email?: string | undefined;
  /** The member's scopes as far as the token carries them. */
  readonly scopes: readonly Scope[];
}

export function holds(caller: Caller, scope: Scope): boolean {
  return caller.scopes.includes(scope);
}

/** Throws `FORBIDDEN`. */
export function assertHolds(caller: Caller, scope: Scope): void {
  if (holds(caller, scope)) return;
  const carrier = caller.via === undefined ? 'your token does' : 'you do';
  throw new RequestError(
    'FORBIDDEN',
    `This takes the scope ${scope}, which ${carrier} not carry.`,
    `Use a token with ${scope}, or ask an administrator of the workspace for it.`,
  );
}

/** The caller as events name who caused them. */
export function actorOf(caller: Caller): Actor {
  return {
    kind: 'member',
    id: caller.memberId,
    name: caller.memberName,
    via: caller.via ?? (caller.expiresAt === undefined ? 'token' : 'identity-provider'),
  };
}
