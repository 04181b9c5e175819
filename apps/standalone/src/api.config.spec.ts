import { InvalidConfigError } from '@runledger/platform';
import { readApiConfig } from './api.config.js';

const problemsOf = (environment: Record<string, string>): string => {
  try {
    readApiConfig(environment);
  } catch (error) {
    if (error instanceof InvalidConfigError) return error.message;
  }
  return 'none';
};

describe('how the API is open to others', () => {
  it('is by default: for whoever has a token, from no foreign page, without an identity provider', () => {
    expect(readApiConfig({})).toEqual({
      ...{ requestsPerMinute: 30_000, corsOrigins: [], introspection: true },
      operations: { storedOnly: false, manifests: [] },
    });
  });

  it('names origins and an identity provider', () => {
    const environment = {
      CORS_ORIGINS: 'https://app.example.org, http://localhost:5173',
      OIDC_ISSUER: 'https://login.example.org',
      OIDC_AUDIENCE: 'runledger',
      GRAPHQL_INTROSPECTION: 'off',
      GRAPHQL_OPERATIONS: 'stored',
      GRAPHQL_STORED_OPERATIONS: '/etc/runledger/operations:/srv/page.json',
    };
    expect(readApiConfig(environment)).toMatchObject({
      corsOrigins: ['https://app.example.org', 'http://localhost:5173'],
      identityProvider: { issuer: 'https://login.example.org', audience: 'runledger' },
      introspection: false,
      operations: { storedOnly: true, manifests: ['/etc/runledger/operations', '/srv/page.json'] },
    });
  });

  it.each([
    [{ CORS_ORIGINS: 'https://app.example.org/' }, /CORS_ORIGINS: https:\/\/app\.example\.org\/ is no origin/],
    [{ OIDC_ISSUER: 'https://login.example.org' }, /OIDC_AUDIENCE: is not set/],
    [{ OIDC_AUDIENCE: 'runledger' }, /OIDC_ISSUER: is not set/],
    [{ API_REQUESTS_PER_MINUTE: 'many' }, /API_REQUESTS_PER_MINUTE: /],
  ])('is refused where it cannot be meant: %j', (environment, problem) => {
    expect(problemsOf(environment)).toMatch(problem);
  });
});
