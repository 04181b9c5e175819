import { TokenIssued, TokenRevoked, tokenEvents, type Scope, type TokenEvent } from '@runledger/contracts';
import { reject, type Decider, type EventOf, type Rejection } from '@runledger/kernel';

type Issued = EventOf<readonly [typeof TokenIssued]>['data'];
type Revoked = EventOf<readonly [typeof TokenRevoked]>['data'];

export type TokenCommand =
  /** `held`: the scopes that whoever issues it may pass on. */
  | { readonly type: 'IssueToken'; readonly data: Issued; readonly held: readonly Scope[] }
  /** `ofOthers`: whether whoever revokes it may revoke tokens of other members. */
  | {
      readonly type: 'RevokeToken';
      readonly data: Revoked;
      readonly memberId: string;
      readonly ofOthers: boolean;
    };

export type TokenState =
  | { readonly status: 'absent' }
  | { readonly status: 'active'; readonly memberId: string }
  | { readonly status: 'revoked'; readonly memberId: string };

export type TokenRefusal = Rejection<'TOKEN_NAME_MISSING' | 'SCOPE_NOT_HELD' | 'TOKEN_EXPIRED' | 'TOKEN_NOT_FOUND'>;

/** An API token: issued once, revoked at most once. Knows the hash of its secret, never the secret. */
export const token: Decider<TokenCommand, TokenState, TokenEvent, TokenRefusal> = {
  category: 'token',
  events: tokenEvents,
  initialState: () => ({ status: 'absent' }),
  evolve: (state, event) => {
    switch (event.type) {
      case 'TokenIssued':
        return { status: 'active', memberId: event.data.memberId };
      case 'TokenRevoked':
        return { status: 'revoked', memberId: state.status === 'absent' ? '' : state.memberId };
    }
  },
  decide: (command, state) => {
    switch (command.type) {
      case 'IssueToken':
        return issue(command.data, command.held, state);
      case 'RevokeToken':
        return revoke(command, state);
    }
  },
};

function issue(data: Issued, held: readonly Scope[], state: TokenState): readonly TokenEvent[] | TokenRefusal {
  if (state.status !== 'absent') return [];
  if (data.name.trim() === '') {
    return reject('TOKEN_NAME_MISSING', 'A token needs a name.', { fix: 'Name it after what will use it.' });
  }
  const missing = data.scopes.filter(scope => !held.includes(scope));
  if (missing.length > 0) {
    return reject('SCOPE_NOT_HELD', `You do not hold ${missing.join(', ')} yourself.`, {
      fix: 'Leave out the scopes that you do not hold.',
      details: missing.map(scope => ({ path: 'scopes', message: `${scope} is not among your scopes.` })),
    });
  }
  if (data.expiresAt !== undefined && data.expiresAt <= data.issuedAt) {
    return reject('TOKEN_EXPIRED', `The token would have ended at ${data.expiresAt} already.`, {
      fix: 'Give an end in the future, or none.',
    });
  }
  return [TokenIssued(data)];
}

function revoke(
  command: Extract<TokenCommand, { type: 'RevokeToken' }>,
  state: TokenState,
): readonly TokenEvent[] | TokenRefusal {
  const own = state.status !== 'absent' && state.memberId === command.memberId;
  // Somebody else's token is as if it did not exist, unless one may administer it.
  if (state.status === 'absent' || !(own || command.ofOthers)) {
    return reject('TOKEN_NOT_FOUND', `There is no token ${command.data.tokenId} that you may revoke.`, {
      fix: 'Take the `id` of one of your tokens, or ask an administrator of the workspace.',
    });
  }
  return state.status === 'revoked' ? [] : [TokenRevoked(command.data)];
}
