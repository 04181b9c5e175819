import { GrantMade, GrantRevoked } from '@runledger/contracts';
import { specify } from '@runledger/testing';
import { grants } from './grants.decider.js';

const at = '2026-11-21T10:00:00.000Z';
const ada = { kind: 'member', id: 'mem_ada', name: 'Ada' } as const;
const grant = {
  grantId: 'gra_0198.ask-ab.1',
  scope: 'workspace',
  runId: 'run_0198',
  requestId: 'apr_0198.ask-ab.1',
  tool: 'bash',
  pattern: 'npm test*',
  by: ada,
  madeAt: at,
} as const;
const revocation = { grantId: grant.grantId, by: ada, revokedAt: at };
const given = specify(grants);

describe('the grants of a workspace', () => {
  it('grow by one for one decision, however often it is reported', () => {
    given().when({ type: 'MakeGrant', data: grant }).thenEmits(GrantMade(grant));
    given(GrantMade(grant)).when({ type: 'MakeGrant', data: grant }).thenNothing();
  });

  it('can be revoked one by one, and stay revoked', () => {
    const revoked = GrantRevoked(revocation);
    given(GrantMade(grant)).when({ type: 'RevokeGrant', data: revocation }).thenEmits(revoked);
    given(GrantMade(grant), revoked).when({ type: 'RevokeGrant', data: revocation }).thenNothing();
    given(GrantMade(grant), revoked).when({ type: 'MakeGrant', data: grant }).thenNothing();
  });

  it('must be there to be revoked', () => {
    given().when({ type: 'RevokeGrant', data: revocation }).thenRejects('GRANT_NOT_FOUND');
  });
});
