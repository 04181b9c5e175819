import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT, type CryptoKey, type JWTPayload } from 'jose';

/** By name; undefined leaves one out. */
type Claims = Readonly<Record<string, unknown>>;

/** An OpenID Connect provider as far as servers of resources see one: its discovery document, its keys, and what it signs. */
export interface TestIssuer {
  readonly url: string;
  /** An identity token; `claims` replace what it would say. Signed by the published key unless another is given. */
  token(claims?: Claims, by?: CryptoKey): Promise<string>;
  /** Says the same and is not signed at all. */
  unsigned(claims?: Claims): string;
  /** Says the same under a secret that both sides could know: the published key's own text. */
  underSharedSecret(claims?: Claims): Promise<string>;
  close(): Promise<void>;
}

export const AUDIENCE = 'runledger';

/** `now`: seconds since 1970 at which its tokens are issued. */
export async function testIssuer(now: number): Promise<TestIssuer> {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' };
  const server = createServer((request, response) => {
    const documents: Readonly<Record<string, object>> = {
      '/.well-known/openid-configuration': { issuer: url, jwks_uri: `${url}/keys` },
      '/keys': { keys: [jwk] },
    };
    const found = documents[request.url ?? ''];
    response.writeHead(found ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(found ?? {}));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const identity = (claims: Claims): JWTPayload => ({
    ...{ iss: url, aud: AUDIENCE, sub: 'u1', iat: now, exp: now + 300 },
    ...{ email: 'Grace@example.org', email_verified: true },
    ...claims,
  });
  return {
    url,
    token: (claims = {}, by = privateKey) =>
      new SignJWT(identity(claims)).setProtectedHeader({ alg: 'ES256', kid: 'k1' }).sign(by),
    unsigned: (claims = {}) => new UnsecuredJWT(identity(claims)).encode(),
    underSharedSecret: (claims = {}) =>
      new SignJWT(identity(claims))
        .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
        .sign(Buffer.from(JSON.stringify(jwk))),
    close: () => closed(server),
  };
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise(resolve => server.close(() => resolve()));
}
