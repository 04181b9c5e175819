import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { GraphQLSchemaHost } from '@nestjs/graphql';
import type { FastifyInstance } from 'fastify';
import { execute, GraphQLError, subscribe } from 'graphql';
import type { ExecutionArgs, FormattedExecutionResult, GraphQLFormattedError } from 'graphql';
import type { Context, SubscribePayload } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import { Authority } from '../access/authority.js';
import { RateLimits, type Counted } from '../edge/rate-limits.js';
import { tooManyRequests } from '../edge/too-many-requests.js';
import { GATEWAY_OPTIONS, MAX_BODY_BYTES, type GatewayOptions } from '../gateway.config.js';
import type { GraphContext } from './graph-context.js';
import { OperationObserver } from './operation-observer.js';
import { OperationCheck } from './operation-limits.js';
import { RequestError } from './request-errors.js';
import { shownError } from './shown-errors.js';

const PATH = '/graphql';

/** Closes a socket that would be one too many; graphql-ws clients come back later on any code that they do not know. */
const TOO_MANY_REQUESTS = 4429;

/**
 * GraphQL over WebSocket (protocol `graphql-transport-ws`) on the server's own port. The token comes with
 * `connection_init`; each operation passes the same limits and the same guard as one that came by HTTP (G2).
 */
@Injectable()
export class Sockets implements OnApplicationBootstrap {
  @Inject(OperationObserver) private readonly observer!: OperationObserver;
  @Inject(RateLimits) private readonly limits!: RateLimits;
  readonly #connections = new Set<Context>();
  #server: WebSocketServer | undefined;
  #end: (() => Promise<void>) | undefined;

  constructor(
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost,
    @Inject(GraphQLSchemaHost) private readonly graph: GraphQLSchemaHost,
    @Inject(Authority) private readonly authority: Authority,
    @Inject(GATEWAY_OPTIONS) private readonly options: GatewayOptions,
  ) {}

  onApplicationBootstrap(): void {
    const server = new WebSocketServer({ noServer: true, maxPayload: MAX_BODY_BYTES });
    const { schema } = this.graph;
    const check = new OperationCheck(schema, this.options.introspection ?? true);
    const running = useServer(
      {
        schema,
        execute: args => this.observer.operation(args, () => execute(args)),
        subscribe: args => this.observer.operation(args, () => subscribe(args)),
        onConnect: async context => this.#letIn(context),
        onClose: context => void this.#connections.delete(context),
        onSubscribe: (context, _id, payload) => this.#operation(check, context, payload),
        onNext: (...[, , , , result]) => this.#withShownErrors(result),
        onError: async ({ extra }, _id, _payload, errors) => {
          // A reader who went away while we wrote is no fault of ours, and nobody is left to be told.
          if (await hasGone(extra.socket, errors)) return [{ message: 'The reader has gone.' }];
          return this.#shown(errors);
        },
      },
      server,
    );
    this.#server = server;
    this.#showNumbers(server);
    this.#end = async () => running.dispose();
    const http = this.host.httpAdapter.getHttpServer() as Server;
    http.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    // Before the HTTP server closes, whoever closes it: it waits for ever for sockets that were upgraded.
    this.host.httpAdapter.getInstance<FastifyInstance>().addHook('preClose', async () => this.#close(server));
  }

  /** Clients are told to come back elsewhere (1001), and do not hold up the end. */
  async #close(server: WebSocketServer): Promise<void> {
    await Promise.race([this.#end?.(), new Promise(resolve => setTimeout(resolve, 1_000).unref())]);
    for (const client of server.clients) client.terminate();
    server.close();
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const [path] = (request.url ?? '').split('?');
    if (path !== PATH || !this.#server) {
      socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n');
      return;
    }
    this.#server.handleUpgrade(request, socket, head, client => this.#server?.emit('connection', client, request));
  }

  /** False closes the connection with 4403, unless it is closed. */
  async #letIn(context: Context): Promise<boolean> {
    const counted = countedOf(context);
    try {
      if (await this.limits.take(counted)) {
        socketOf(context).close(TOO_MANY_REQUESTS, 'Too many requests');
        return false;
      }
      await this.authority.authenticate(counted.authorization);
      this.limits.proven(counted.authorization);
      this.#connections.add(context);
      return true;
    } catch (error) {
      if (error instanceof RequestError && error.code === 'UNAUTHENTICATED') await this.limits.failed(counted);
      if (error instanceof RequestError) return false;
      throw error;
    }
  }

  /** The result with its errors as callers see them; undefined when it has none: it is sent as it is. */
  #withShownErrors(result: {
    readonly data?: FormattedExecutionResult['data'] | undefined;
    readonly errors?: readonly GraphQLError[] | undefined;
  }) {
    const { data, errors } = result;
    return errors ? { ...(data !== undefined && { data }), errors: this.#shown(errors) } : undefined;
  }

  #shown(errors: readonly GraphQLError[]): GraphQLFormattedError[] {
    const seen = errors.map(shown);
    this.observer.sawErrors(seen);
    return seen;
  }

  /** Of what a connection has asked for, graphql-ws keeps the open subscriptions as iterators, the rest as null. */
  #showNumbers(server: WebSocketServer): void {
    this.observer.showOpen(() => {
      const asked = [...this.#connections].flatMap(context => Object.values(context.subscriptions));
      return { sockets: server.clients.size, subscriptions: asked.filter(one => one !== null).length };
    });
  }

  async #operation(
    check: OperationCheck,
    context: Context,
    payload: SubscribePayload,
  ): Promise<ExecutionArgs | GraphQLError[]> {
    try {
      const exceeded = await this.limits.take(countedOf(context));
      if (exceeded) throw new GraphQLError('', { originalError: tooManyRequests(exceeded) });
      const { document, errors } = check.document(payload.query);
      if (errors.length > 0) return [...errors];
      return {
        schema: this.graph.schema,
        document,
        contextValue: { authorization: authorizationOf(context), atLeast: undefined } satisfies GraphContext,
        ...(payload.operationName != null && { operationName: payload.operationName }),
        ...(payload.variables != null && { variableValues: payload.variables }),
      };
    } catch (error) {
      if (error instanceof GraphQLError) return [error];
      throw error;
    }
  }
}

/** Whether nothing but the writing failed, because the other end is gone. A failed write is told before the socket knows. */
async function hasGone(socket: WebSocket, errors: readonly GraphQLError[]): Promise<boolean> {
  const writing = errors.every(({ originalError }) => (originalError as NodeJS.ErrnoException)?.syscall === 'write');
  if (!writing) return false;
  await nextTurn();
  return socket.readyState !== socket.OPEN;
}

function socketOf({ extra }: Context): WebSocket {
  return (extra as { readonly socket: WebSocket }).socket;
}

function countedOf(context: Context): Counted {
  const { request } = context.extra as { readonly request: IncomingMessage };
  return { authorization: authorizationOf(context), address: request.socket.remoteAddress ?? 'unknown' };
}

/** `connection_init` carries `Authorization: Bearer …`, in any case of the name. */
function authorizationOf(context: Context): string | undefined {
  const found = Object.entries(context.connectionParams ?? {}).find(([name]) => name.toLowerCase() === 'authorization');
  return typeof found?.[1] === 'string' ? found[1] : undefined;
}

function shown(error: GraphQLError | GraphQLFormattedError): GraphQLFormattedError {
  const formatted = error instanceof GraphQLError ? error.toJSON() : error;
  return shownError(formatted, error);
}
