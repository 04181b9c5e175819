import { TokenIssued, TokenRevoked, type Scope } from '@runledger/contracts';
import { specify } from '@runledger/testing';
import { token, type TokenCommand } from './token.decider.js';

const ADA = { kind: 'member', id: 'mem_ada' } as const;
const given = specify(token);

const data = {
  tokenId: 'tok_1',
  workspaceId: 'ws_acme',
  memberId: 'mem_ada',
  name: 'CI',
  scopes: ['flows.read' as Scope],
  secretHash: 'a'.repeat(64),
  issuedBy: ADA,
  issuedAt: '2026-05-01T10:00:00.000Z',
};
const issued = TokenIssued(data);
const revoked = TokenRevoked({
  tokenId: 'tok_1',
  workspaceId: 'ws_acme',
  revokedBy: ADA,
  revokedAt: '2026-05-02T10:00:00.000Z',
});
const issue = (
  more: Partial<typeof data> & { expiresAt?: string } = {},
  held: readonly Scope[] = ['flows.read', 'flows.run'],
): TokenCommand => ({
  type: 'IssueToken',
  data: { ...data, ...more },
  held,
});
const revoke = (memberId: string, ofOthers = false): TokenCommand => ({
  type: 'RevokeToken',
  data: revoked.data,
  memberId,
  ofOthers,
});

describe('an API token', () => {
  it('is issued with scopes that its issuer holds', () => {
    given().when(issue()).thenEmits(issued);
  });
  it('cannot give what its issuer does not hold', () => {
    given()
      .when(issue({ scopes: ['billing.manage'] }))
      .thenRejects('SCOPE_NOT_HELD');
  });
  it('needs a name', () => {
    given()
      .when(issue({ name: ' ' }))
      .thenRejects('TOKEN_NAME_MISSING');
  });
  it('cannot have ended before it began', () => {
    given()
      .when(issue({ expiresAt: '2026-05-01T10:00:00.000Z' }))
      .thenRejects('TOKEN_EXPIRED');
  });
  it('may end at any time after that', () => {
    const expiresAt = '2026-05-01T10:00:00.001Z';
    given()
      .when(issue({ expiresAt }))
      .thenEmits(TokenIssued({ ...data, expiresAt }));
  });
  it('is issued once', () => {
    given(issued).when(issue()).thenNothing();
  });
  it('is revoked by its member', () => {
    given(issued).when(revoke('mem_ada')).thenEmits(revoked);
  });
  it('is revoked by an administrator', () => {
    given(issued).when(revoke('mem_boss', true)).thenEmits(revoked);
  });
  it('does not exist for anyone else, nor when it was never issued', () => {
    given(issued).when(revoke('mem_eve')).thenRejects('TOKEN_NOT_FOUND');
    given().when(revoke('mem_ada', true)).thenRejects('TOKEN_NOT_FOUND');
  });
  it('is revoked at most once', () => {
    given(issued, revoked).when(revoke('mem_ada')).thenNothing();
  });
});
