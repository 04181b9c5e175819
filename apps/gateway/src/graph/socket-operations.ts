import { setImmediate as nextTurn } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { GraphQLSchemaHost } from '@nestjs/graphql';
import { getOperationAST, GraphQLError, OperationTypeNode } from 'graphql';
import type { ExecutionArgs, FormattedExecutionResult, GraphQLFormattedError } from 'graphql';
import type { OperationResult, SubscribePayload } from 'graphql-ws';
import type { WebSocket } from 'ws';
import { RateLimits } from '../edge/rate-limits.js';
import { tooManyRequests } from '../edge/too-many-requests.js';
import { GATEWAY_OPTIONS, type GatewayOptions } from '../gateway.config.js';
import type { GraphContext } from './graph-context.js';
import { ItemEncoder, shapeOf, type SourceEvent } from './item-encoder.js';
import { liveItems } from './live-items.js';
import { OperationObserver } from './operation-observer.js';
import { OperationCheck } from './operation-limits.js';
import { RequestError } from './request-errors.js';
import { shownError } from './shown-errors.js';
import { closeWhenAlone, countedOf, textOf, type SocketContext } from './socket-context.js';
import { SOCKET_LIMITS } from './socket-limits.js';
import { StoredOperations } from '../stored-operations/stored-operations.js';

/** An operation that was asked for on a socket. */
export interface Opened {
  readonly id: string;
  readonly payload: SubscribePayload;
  readonly args: ExecutionArgs;
}

/** What is asked on sockets, from the document to the answer: by the same limits, and with the same errors, as over HTTP. */
@Injectable()
export class SocketOperations {
  @Inject(StoredOperations) private readonly stored!: StoredOperations;
  readonly #encoder = new ItemEncoder(result => this.withShownErrors(result) ?? result);
  readonly #most: number;
  #check: OperationCheck | undefined;

  constructor(
    @Inject(GraphQLSchemaHost) private readonly graph: GraphQLSchemaHost,
    @Inject(RateLimits) private readonly limits: RateLimits,
    @Inject(OperationObserver) private readonly observer: OperationObserver,
    @Inject(GATEWAY_OPTIONS) private readonly options: Pick<GatewayOptions, 'introspection' | 'sockets'>,
  ) {
    this.#most = options.sockets?.operations ?? SOCKET_LIMITS.operations;
  }

  /** What to execute, or what is wrong with it. */
  async prepared(context: SocketContext, payload: SubscribePayload): Promise<ExecutionArgs | GraphQLError[]> {
    try {
      return await this.#prepared(context, payload);
    } catch (error) {
      if (error instanceof GraphQLError) return [error];
      if (error instanceof RequestError) return [new GraphQLError(error.message, { originalError: error })];
      throw error;
    }
  }

  /** Items of a subscription go to the reader from here; what is answered at once (errors, queries) goes by the protocol. */
  delivered(context: SocketContext, { id, payload, args }: Opened, result: OperationResult): OperationResult {
    if (getOperationAST(args.document, args.operationName)?.operation !== OperationTypeNode.SUBSCRIPTION) return result;
    if (!(Symbol.asyncIterator in Object(result))) return result;
    const shape = shapeOf(this.stored.documentOf(payload) ?? payload.query, args);
    return liveItems(result as AsyncIterableIterator<SourceEvent>, {
      id,
      outbox: context.extra.outbox,
      encode: event => this.#encoder.encode(args, shape, event),
      onExpired: () => closeWhenAlone(context),
      onCutShort: () => void delete context.subscriptions[id],
    });
  }

  /** The result with its errors as callers see them; undefined when it has none: it is sent as it is. */
  withShownErrors(result: {
    readonly data?: FormattedExecutionResult['data'] | undefined;
    readonly errors?: readonly GraphQLError[] | undefined;
  }) {
    const { data, errors } = result;
    return errors ? { ...(data !== undefined && { data }), errors: this.#shown(errors) } : undefined;
  }

  async shownErrors({ extra: { socket } }: SocketContext, errors: readonly GraphQLError[]) {
    // A reader who went away while we wrote is no fault of ours, and nobody is left to be told.
    if (await hasGone(socket, errors)) return [{ message: 'The reader has gone.' }];
    return this.#shown(errors);
  }

  async #prepared(context: SocketContext, payload: SubscribePayload): Promise<ExecutionArgs | GraphQLError[]> {
    const exceeded = await this.limits.take(countedOf(context));
    if (exceeded) throw tooManyRequests(exceeded);
    if (Object.keys(context.subscriptions).length > this.#most) throw tooManyOperations(this.#most);
    const { schema } = this.graph;
    this.#check ??= new OperationCheck(schema, this.options.introspection ?? true);
    const query = this.stored.documentOf(payload) ?? payload.query;
    this.stored.assertAllowed(query);
    const { document, errors } = this.#check.document(query);
    if (errors.length > 0) return [...errors];
    return {
      schema,
      document,
      contextValue: contextOf(context),
      ...(payload.operationName != null && { operationName: payload.operationName }),
      ...(payload.variables != null && { variableValues: payload.variables }),
    };
  }

  #shown(errors: readonly GraphQLError[]): GraphQLFormattedError[] {
    const seen = errors.map(shown);
    this.observer.sawErrors(seen);
    return seen;
  }
}

function contextOf(context: SocketContext): GraphContext {
  return { authorization: textOf(context, 'authorization'), atLeast: undefined, log: textOf(context, 'log') };
}

/** Whether nothing but the writing failed, because the other end is gone. A failed write is told before the socket knows. */
async function hasGone(socket: WebSocket, errors: readonly GraphQLError[]): Promise<boolean> {
  const writing = errors.every(({ originalError }) => (originalError as NodeJS.ErrnoException)?.syscall === 'write');
  if (!writing) return false;
  await nextTurn();
  return socket.readyState !== socket.OPEN;
}

function tooManyOperations(most: number): RequestError {
  return new RequestError(
    'TOO_MANY_OPERATIONS',
    `More than ${most} operations are open on this socket.`,
    'End some of them, or open another socket.',
  );
}

function shown(error: GraphQLError | GraphQLFormattedError): GraphQLFormattedError {
  const formatted = error instanceof GraphQLError ? error.toJSON() : error;
  return shownError(formatted, error);
}
