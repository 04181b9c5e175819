import type { Scope } from '@runledger/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '@runledger/platform';
import { DataSource } from 'typeorm';
import { GATEWAY_OPTIONS, type GatewayOptions } from '../gateway.config.js';
import { READ_MODEL_SOURCE } from '../reads/read-model-source.js';
import { RequestError } from '../graph/request-errors.js';
import { AskedTogether } from '../reads/asked-together.js';
import { keyIn } from '../reads/row-key.js';
import type { Caller } from './caller.js';
import { IdentityProvider } from './identity-provider.js';
import { isSecret, readToken, type PresentedToken } from './token-secret.js';
import type { MemberView, TokenView } from './access.projection.js';

/** Whom somebody else has vouched for: by id, or by verified e-mail address. */
export interface VouchedMember {
  readonly memberId?: string | undefined;
  readonly email?: string | undefined;
}

interface Found {
  readonly token: TokenView;
  readonly member: MemberView;
}

const BY_TOKEN = `
  SELECT t.key, t.view AS token, m.view AS member
  FROM tokens t JOIN members m ON m.key = t.member_key
  WHERE t.key = ANY($1)`;

const BY_EMAIL = `SELECT view AS member FROM members WHERE lower(view ->> 'email') = $1 LIMIT 2`;
const BY_EMAIL_HERE = `
  SELECT view AS member FROM members
  WHERE lower(view ->> 'email') = $1 AND view ->> 'workspaceId' = $2 LIMIT 2`;
const BY_MEMBER = `SELECT view AS member FROM members WHERE key = $1`;

/** Three parts in base64url (RFC 7515). */
const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** Compared with when there is no such token, so that unknown ids take as long as wrong secrets. */
const NO_HASH = '0'.repeat(64);

/**
 * Knows who presents a token: one of ours, or one of the identity provider, which speaks for the member with that e-mail
 * address. A revoked or expired token is worth nothing from that moment on.
 */
@Injectable()
export class Authority {
  readonly #tokens = new AskedTogether<string, Found>(ids => this.#findAll(ids));

  constructor(
    @Inject(READ_MODEL_SOURCE) private readonly rows: DataSource,
    @Inject(GATEWAY_OPTIONS) private readonly options: Pick<GatewayOptions, 'pepper'>,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IdentityProvider) private readonly provider: IdentityProvider,
  ) {}

  /** `authorization` is `Bearer rl_…`, or `Bearer` and a JWT. Throws `UNAUTHENTICATED`. */
  async authenticate(authorization: string | undefined): Promise<Caller> {
    const bearer = bearerIn(authorization);
    if (JWT.test(bearer) && this.provider.isConnected) return this.#signedIn(bearer);
    const presented = presentedIn(bearer);
    const found = await this.#tokens.ask(presented.tokenId);
    const proven = isSecret(this.options.pepper, presented.secret, found?.token.secretHash ?? NO_HASH);
    if (!found || !proven) throw refused('The token is not known here.');
    this.#assertValid(found.token);
    return callerFrom(found);
  }

  /** Throws `UNAUTHENTICATED` when the token that let this caller in is worth nothing any more: asked while streams run. */
  async reassure(caller: Caller): Promise<void> {
    if (caller.expiresAt !== undefined) return this.#reassureSignedIn(caller, caller.expiresAt);
    const found = await this.#tokens.ask(caller.tokenId);
    if (!found) throw refused('The token is not known here.');
    this.#assertValid(found.token);
  }

  /**
   * The member for whom somebody else has vouched: Slack, or whoever reads the mailbox of that address. They may do what the
   * member may, and nothing of another workspace. Throws `UNAUTHENTICATED`.
   */
  async vouchedFor(workspaceId: string, who: VouchedMember, via: string): Promise<Caller> {
    const found =
      who.memberId === undefined
        ? await this.rows.query<{ member: MemberView }[]>(BY_EMAIL_HERE, [who.email?.toLowerCase() ?? '', workspaceId])
        : await this.rows.query<{ member: MemberView }[]>(BY_MEMBER, [keyIn(workspaceId, who.memberId)]);
    const [{ member } = { member: undefined }, another] = found;
    if (!member || another) throw unknownMember(who.email ?? who.memberId ?? 'Somebody without an address');
    return { ...speakingFor(member), tokenId: via, via, scopes: member.scopes };
  }

  async #signedIn(jwt: string): Promise<Caller> {
    const { id, email, expiresAt } = await this.provider.verify(jwt);
    const [found, another] = await this.rows.query<{ member: MemberView }[]>(BY_EMAIL, [email]);
    if (!found) throw unknownMember(email);
    if (another) throw refused(`${email} is a member of several workspaces; use an API token of one of them.`);
    const { member } = found;
    return { ...speakingFor(member), tokenId: id, expiresAt, scopes: member.scopes };
  }

  async #reassureSignedIn({ workspaceId, memberId }: Caller, expiresAt: string): Promise<void> {
    if (Date.parse(expiresAt) <= Date.parse(this.clock.now())) throw refused(`The token expired at ${expiresAt}.`);
    const found = await this.rows.query<unknown[]>(BY_MEMBER, [keyIn(workspaceId, memberId)]);
    if (found.length === 0) throw refused('The member is not in the workspace any more.');
  }

  async #findAll(tokenIds: readonly string[]): Promise<ReadonlyMap<string, Found>> {
    const found = await this.rows.query<(Found & { readonly key: string })[]>(BY_TOKEN, [tokenIds]);
    return new Map(found.map(({ key, ...one }) => [key, one]));
  }

  #assertValid(token: TokenView): void {
    if (token.revokedAt !== undefined) throw refused(`The token was revoked at ${token.revokedAt}.`);
    if (token.expiresAt !== undefined && Date.parse(token.expiresAt) <= Date.parse(this.clock.now())) {
      throw refused(`The token expired at ${token.expiresAt}.`);
    }
  }
}

function bearerIn(authorization: string | undefined): string {
  if (authorization === undefined) throw refused('No token was presented.');
  return /^Bearer +(\S+)$/i.exec(authorization.trim())?.[1] ?? '';
}

function presentedIn(bearer: string): PresentedToken {
  const token = readToken(bearer);
  if (!token) throw refused('What was presented is not a Runledger token.');
  return token;
}

function refused(message: string): RequestError {
  return new RequestError('UNAUTHENTICATED', message, 'Send `Authorization: Bearer rl_…` with a valid token.');
}

function unknownMember(email: string): RequestError {
  return new RequestError(
    'UNAUTHENTICATED',
    `${email} is no member of a workspace here.`,
    'Ask an administrator to add you with this e-mail address.',
  );
}

function speakingFor(member: MemberView) {
  return {
    workspaceId: member.workspaceId,
    memberId: member.memberId,
    memberName: member.name,
    memberKind: member.kind,
    email: member.email,
  };
}

function callerFrom({ token, member }: Found): Caller {
  return {
    ...speakingFor(member),
    workspaceId: token.workspaceId,
    tokenId: token.tokenId,
    scopes: token.scopes.filter((scope: Scope) => member.scopes.includes(scope)),
  };
}
