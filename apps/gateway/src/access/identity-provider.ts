import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '@runledger/platform';
import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import { GATEWAY_OPTIONS, type GatewayOptions, type IdentityProviderSettings } from '../gateway.config.js';
import { RequestError } from '../graph/request-errors.js';

/** Who the provider says is asking. */
export interface SignedIn {
  /** Tells this token from others; made of a hash. */
  readonly id: string;
  /** In lower case. */
  readonly email: string;
  readonly expiresAt: string;
}

/** Signatures with a public key only: `none` and shared secrets are no proof of who signed. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];
const CLOCKS_DIFFER_SECONDS = 5;
const DISCOVERY_MS = 5_000;

/** Checks JWTs of the identity provider (OpenID Connect Core 1.0, §3.1.3.7) against the keys that it publishes (Discovery 1.0). */
@Injectable()
export class IdentityProvider {
  #keys: Promise<JWTVerifyGetKey> | undefined;

  constructor(
    @Inject(GATEWAY_OPTIONS) private readonly options: Pick<GatewayOptions, 'identityProvider'>,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  get isConnected(): boolean {
    return this.options.identityProvider !== undefined;
  }

  /** Throws `UNAUTHENTICATED`, or `UNAVAILABLE` while the provider cannot be asked for its keys. */
  async verify(token: string): Promise<SignedIn> {
    const settings = this.options.identityProvider;
    if (!settings) throw refused('This server knows no identity provider.');
    const { payload } = await this.#verified(token, settings);
    return { ...identityIn(payload), id: `jwt_${createHash('sha256').update(token).digest('base64url')}` };
  }

  async #verified(token: string, settings: IdentityProviderSettings) {
    const keys = await this.#publishedKeys(settings);
    try {
      return await jwtVerify(token, keys, {
        ...settings,
        algorithms: ALGORITHMS,
        clockTolerance: CLOCKS_DIFFER_SECONDS,
        currentDate: new Date(this.clock.now()),
        requiredClaims: ['exp', 'sub'],
      });
    } catch (error) {
      if (isUnreachable(error)) throw unreachable(settings, error);
      throw refused(`The identity provider's token does not count: ${reasonOf(error)}.`, error);
    }
  }

  /** Asked for once it is needed; after a failure it is asked again the next time. */
  #publishedKeys(settings: IdentityProviderSettings): Promise<JWTVerifyGetKey> {
    this.#keys ??= discovered(settings).catch((error: unknown) => {
      this.#keys = undefined;
      throw error;
    });
    return this.#keys;
  }
}

async function discovered(settings: IdentityProviderSettings): Promise<JWTVerifyGetKey> {
  try {
    const url = `${settings.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    const answer = await fetch(url, { signal: AbortSignal.timeout(DISCOVERY_MS) });
    if (!answer.ok) throw new TypeError(`${url} answered ${answer.status}.`);
    const { issuer, jwks_uri: keys } = (await answer.json()) as { issuer?: unknown; jwks_uri?: unknown };
    if (issuer !== settings.issuer) throw new TypeError(`${url} is of another issuer: ${String(issuer)}.`);
    return createRemoteJWKSet(new URL(String(keys)), { timeoutDuration: DISCOVERY_MS });
  } catch (cause) {
    throw unreachable(settings, cause);
  }
}

function identityIn({ email, email_verified: verified, exp = 0 }: JWTPayload): Omit<SignedIn, 'id'> {
  if (typeof email !== 'string' || email === '')
    throw refused('The identity provider’s token names no e-mail address.');
  if (verified !== true) throw refused('The identity provider has not verified the e-mail address.');
  return { email: email.toLowerCase(), expiresAt: new Date(exp * 1_000).toISOString() };
}

function isUnreachable(error: unknown): boolean {
  return error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid || error instanceof TypeError;
}

function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'it has expired';
  if (error instanceof errors.JWTClaimValidationFailed) return `its claim \`${error.claim}\` is not the right one`;
  if (error instanceof errors.JOSEAlgNotAllowed) return 'it is not signed with a key pair';
  return 'its signature cannot be verified';
}

function refused(message: string, cause?: unknown): RequestError {
  return new RequestError('UNAUTHENTICATED', message, 'Sign in again and send the new token.', { cause });
}

function unreachable({ issuer }: IdentityProviderSettings, cause: unknown): RequestError {
  return new RequestError(
    'UNAVAILABLE',
    'The identity provider cannot be asked for its keys.',
    'Send it again in a moment; API tokens work meanwhile.',
    { cause, fields: { issuer } },
  );
}
