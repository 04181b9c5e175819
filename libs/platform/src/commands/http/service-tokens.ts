import { hash } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { decodeProtectedHeader, errors, jwtVerify, SignJWT } from 'jose';
import { CallerNotAllowedError, ServiceTokenRefusedError } from './http-errors.js';

const ALGORITHM = 'EdDSA';
const LIFETIME_S = 30;
/** How far the clocks of two machines of one installation may be apart. */
export const CLOCK_TOLERANCE_MS = 5_000;

/** What a token is good for: one command, with this very body, at one service. */
export interface TokenPurpose {
  readonly service: string;
  readonly command: string;
  readonly commandId: string;
  readonly body: Uint8Array | string;
}

/** A service that sends commands proves with each of them who it is. Only it holds the private key. */
export class ServiceTokenSigner {
  constructor(
    private readonly caller: string,
    private readonly privateKey: KeyObject,
  ) {}

  /** Good for 30 seconds. */
  async sign(purpose: TokenPurpose): Promise<string> {
    return new SignJWT({ cmd: purpose.command, body: digest(purpose.body) })
      .setProtectedHeader({ alg: ALGORITHM, kid: this.caller })
      .setIssuer(this.caller)
      .setAudience(purpose.service)
      .setJti(purpose.commandId)
      .setIssuedAt()
      .setExpirationTime(`${LIFETIME_S}s`)
      .sign(this.privateKey);
  }
}

export interface ServiceTokenCheckOptions {
  /** Public keys, by service. */
  readonly keys: ReadonlyMap<string, KeyObject>;
  /** Who may send commands here. */
  readonly callers: readonly string[];
  /** Of them, who may send which command; left out: each may send all. */
  allows?(caller: string, command: string): boolean;
}

/** The other side: who sent this command? Public keys only, so that a service that answers cannot pass for one that asks. */
export class ServiceTokenCheck {
  constructor(private readonly options: ServiceTokenCheckOptions) {}

  /** Resolves with the caller. Throws {@link ServiceTokenRefusedError} or {@link CallerNotAllowedError}. */
  async callerOf(token: string | undefined, purpose: TokenPurpose): Promise<string> {
    const { service, command } = purpose;
    if (token === undefined) throw new ServiceTokenRefusedError(service, 'is missing');
    const caller = await this.#signer(token, purpose);
    const { options } = this;
    if (!options.callers.includes(caller) || options.allows?.(caller, command) === false)
      throw new CallerNotAllowedError(service, caller);
    return caller;
  }

  async #signer(token: string, { service, command, commandId, body }: TokenPurpose): Promise<string> {
    const { payload } = await this.#verified(token, service);
    if (payload.jti !== commandId || payload['cmd'] !== command || payload['body'] !== digest(body)) {
      throw new ServiceTokenRefusedError(service, 'is of another command');
    }
    return payload.iss ?? '';
  }

  async #verified(token: string, service: string) {
    try {
      const { kid = '' } = decodeProtectedHeader(token);
      const key = this.options.keys.get(kid);
      if (!key) throw new errors.JWSInvalid('nobody here knows its key');
      return await jwtVerify(token, key, {
        algorithms: [ALGORITHM],
        issuer: kid,
        audience: service,
        clockTolerance: CLOCK_TOLERANCE_MS / 1_000,
        maxTokenAge: 2 * LIFETIME_S,
        requiredClaims: ['jti', 'exp', 'cmd', 'body'],
      });
    } catch (cause) {
      throw new ServiceTokenRefusedError(service, reasonOf(cause), cause);
    }
  }
}

function reasonOf(cause: unknown): string {
  if (cause instanceof errors.JWTExpired) return 'has expired';
  if (cause instanceof errors.JWTClaimValidationFailed && cause.claim === 'aud') return 'is for another service';
  return 'is not genuine';
}

function digest(body: Uint8Array | string): string {
  return hash('sha256', body, 'base64url');
}
