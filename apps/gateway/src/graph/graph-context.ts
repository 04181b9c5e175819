import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { GqlExecutionContext } from '@nestjs/graphql';
import type { Caller } from '../access/caller.js';
import type { InputOf, StartRun } from '@runledger/contracts';
import { RequestError } from './request-errors.js';

/** What travels with one GraphQL operation. */
export interface GraphContext {
  /** What the client presented, untouched: header or connection parameter. */
  readonly authorization: string | undefined;
  /** From the header `x-at-least-position`. */
  readonly atLeast: string | undefined;
  /** On sockets: the log that the client's cursors are of, where it said so with `connection_init`. */
  readonly log?: string | undefined;
  /** How runs that the operation starts were started; left out: by hand. Clients cannot say it. */
  readonly startedFrom?: InputOf<typeof StartRun>['trigger'];
  /** Set by the access guard, and only by it. */
  access?: Promise<Caller>;
  caller?: Caller;
  /** One set of loaders for each operation. */
  loaders?: unknown;
}

/** What travels with one REST request. */
export interface RestRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  caller?: Caller;
}

/** The context of whatever is being executed: a GraphQL operation or a REST request. */
export function carrierOf(context: ExecutionContext): GraphContext | RestRequest {
  return context.getType<'graphql' | 'http'>() === 'graphql'
    ? GqlExecutionContext.create(context).getContext<GraphContext>()
    : context.switchToHttp().getRequest<RestRequest>();
}

/** The caller that the access guard let in. */
export const CallerOf = createParamDecorator((_data: unknown, context: ExecutionContext): Caller => {
  return callerOf(carrierOf(context));
});

export function callerOf(carrier: { readonly caller?: Caller }): Caller {
  if (carrier.caller) return carrier.caller;
  throw new RequestError('UNAUTHENTICATED', 'Nobody was let in here.', 'Present a token.');
}
