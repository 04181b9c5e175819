import type { Scope } from '@runledger/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '@runledger/platform';
import { DataSource } from 'typeorm';
import { GATEWAY_OPTIONS, type GatewayOptions } from '../gateway.config.js';
import { READ_MODEL_SOURCE } from '../reads/read-model-source.js';
import { RequestError } from '../graph/request-errors.js';
import type { Caller } from './caller.js';
import { isSecret, readToken, type PresentedToken } from './token-secret.js';
import type { MemberView, TokenView } from './access.projection.js';

interface Found {
  readonly token: TokenView;
  readonly member: MemberView;
}

const BY_TOKEN = `
  SELECT t.view AS token, m.view AS member
  FROM tokens t JOIN members m ON m.key = t.member_key
  WHERE t.key = $1`;

/** Compared with when there is no such token, so that unknown ids take as long as wrong secrets. */
const NO_HASH = '0'.repeat(64);

/** Knows who presents a token. A revoked or expired token is worth nothing from that moment on. */
@Injectable()
export class Authority {
  constructor(
    @Inject(READ_MODEL_SOURCE) private readonly rows: DataSource,
    @Inject(GATEWAY_OPTIONS) private readonly options: Pick<GatewayOptions, 'pepper'>,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** `authorization` is `Bearer rl_…`. Throws `UNAUTHENTICATED`. */
  async authenticate(authorization: string | undefined): Promise<Caller> {
    const presented = presentedIn(authorization);
    const found = await this.#find(presented.tokenId);
    const proven = isSecret(this.options.pepper, presented.secret, found?.token.secretHash ?? NO_HASH);
    if (!found || !proven) throw refused('The token is not known here.');
    this.#assertValid(found.token);
    return callerFrom(found);
  }

  /** Throws `UNAUTHENTICATED` when the token that let this caller in is worth nothing any more: asked while streams run. */
  async reassure(caller: Caller): Promise<void> {
    const found = await this.#find(caller.tokenId);
    if (!found) throw refused('The token is not known here.');
    this.#assertValid(found.token);
  }

  async #find(tokenId: string): Promise<Found | undefined> {
    const [found] = await this.rows.query<Found[]>(BY_TOKEN, [tokenId]);
    return found;
  }

  #assertValid(token: TokenView): void {
    if (token.revokedAt !== undefined) throw refused(`The token was revoked at ${token.revokedAt}.`);
    if (token.expiresAt !== undefined && Date.parse(token.expiresAt) <= Date.parse(this.clock.now())) {
      throw refused(`The token expired at ${token.expiresAt}.`);
    }
  }
}

function presentedIn(authorization: string | undefined): PresentedToken {
  if (authorization === undefined) throw refused('No token was presented.');
  const [, text = ''] = /^Bearer +(\S+)$/i.exec(authorization.trim()) ?? [];
  const token = readToken(text);
  if (!token) throw refused('What was presented is not a Runledger token.');
  return token;
}

function refused(message: string): RequestError {
  return new RequestError('UNAUTHENTICATED', message, 'Send `Authorization: Bearer rl_…` with a valid token.');
}

function callerFrom({ token, member }: Found): Caller {
  return {
    workspaceId: token.workspaceId,
    tokenId: token.tokenId,
    memberId: member.memberId,
    memberName: member.name,
    memberKind: member.kind,
    email: member.email,
    scopes: token.scopes.filter((scope: Scope) => member.scopes.includes(scope)),
  };
}
