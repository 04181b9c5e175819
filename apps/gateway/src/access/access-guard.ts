import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { carrierOf, type GraphContext, type RestRequest } from '../graph/graph-context.js';
import { RateLimits } from '../edge/rate-limits.js';
import { RequestError } from '../graph/request-errors.js';
import { Authority } from './authority.js';
import { assertHolds, type Caller } from './caller.js';
import { REQUIREMENT } from '@runledger/platform';
import type { Requirement } from './requires.js';

/**
 * The one authorization point (G2): every query, mutation, subscription and route passes here. What did not declare its
 * scope is denied. The caller that it lets in is the only source of the workspace that is read from.
 */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    @Inject(Reflector) private readonly reflector: Reflector,
    @Inject(Authority) private readonly authority: Authority,
    @Inject(RateLimits) private readonly limits: RateLimits,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const requirement = this.reflector.get<Requirement | undefined>(REQUIREMENT, context.getHandler());
    if (requirement === undefined) {
      throw new RequestError(
        'FORBIDDEN',
        'This entry point declares no scope, so nobody may use it.',
        'Tell whoever made it: it is a defect.',
      );
    }
    if (requirement === 'open') return true;
    const carrier = carrierOf(context);
    const caller = await this.#callerOf(carrier);
    if (requirement !== 'token') assertHolds(caller, requirement);
    carrier.caller = caller;
    return true;
  }

  /** Several fields of one operation are authenticated once. */
  #callerOf(carrier: GraphContext | RestRequest): Promise<Caller> {
    if ('headers' in carrier) return this.#proven(headerOf(carrier));
    carrier.access ??= this.#proven(carrier.authorization);
    return carrier.access;
  }

  async #proven(authorization: string | undefined): Promise<Caller> {
    const caller = await this.authority.authenticate(authorization);
    this.limits.proven(authorization);
    return caller;
  }
}

function headerOf(request: RestRequest): string | undefined {
  const header = request.headers['authorization'];
  return Array.isArray(header) ? header[0] : header;
}
