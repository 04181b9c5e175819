import type { IncomingMessage, Server as HttpServer } from 'node:http';
import type { Duplex } from 'node:stream';
import { Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { GraphQLSchemaHost } from '@nestjs/graphql';
import type { FastifyInstance } from 'fastify';
import { createSourceEventStream, execute } from 'graphql';
import { CloseCode, handleProtocols, makeServer } from 'graphql-ws';
import type { OperationResult, ServerOptions } from 'graphql-ws';
import { WebSocketServer } from 'ws';
import { Authority } from '../access/authority.js';
import { TokenWatch } from '../access/token-watch.js';
import { RateLimits } from '../edge/rate-limits.js';
import { LogReader } from '../events/log-reader.js';
import { GATEWAY_OPTIONS, type GatewayOptions } from '../gateway.config.js';
import { OperationObserver } from './operation-observer.js';
import { asRequestError, RequestError } from './request-errors.js';
import { countedOf, type SocketContext } from './socket-context.js';
import { CLOSE, MAX_MESSAGE_BYTES, SOCKET_LIMITS, type SocketLimits } from './socket-limits.js';
import { SocketOperations } from './socket-operations.js';
import { wire, type SocketExtra } from './socket-wire.js';

const PATH = '/graphql';

/** A reader that lags has so long to take its last word, as has whoever does not answer the end of its socket. */
const CLOSING_MS = 10_000;

/** What clients of `graphql-transport-ws` and WebSocket know as "try again later". */
const TRY_AGAIN_LATER = 1013;

/**
 * GraphQL over WebSocket (protocol `graphql-transport-ws`) on the server's own port. The token comes with
 * `connection_init`; each operation passes the same limits and the same guard as one that came by HTTP (G2).
 */
@Injectable()
export class Sockets implements OnApplicationBootstrap {
  @Inject(OperationObserver) private readonly observer!: OperationObserver;
  @Inject(SocketOperations) private readonly operations!: SocketOperations;
  @Inject(RateLimits) private readonly limits!: RateLimits;
  @Inject(LogReader) private readonly log!: LogReader;
  @Inject(TokenWatch) private readonly tokens!: TokenWatch;
  readonly #connections = new Map<SocketContext, () => void>();
  readonly #socketLimits: SocketLimits;
  readonly #faults = new Logger('Sockets');
  #server: WebSocketServer | undefined;

  constructor(
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost,
    @Inject(GraphQLSchemaHost) private readonly graph: GraphQLSchemaHost,
    @Inject(Authority) private readonly authority: Authority,
    @Inject(GATEWAY_OPTIONS) options: Pick<GatewayOptions, 'sockets'>,
  ) {
    this.#socketLimits = { ...SOCKET_LIMITS, ...options.sockets };
  }

  onApplicationBootstrap(): void {
    const settings = { noServer: true, maxPayload: MAX_MESSAGE_BYTES, closeTimeout: CLOSING_MS, handleProtocols };
    const server = new WebSocketServer(settings);
    const protocol = makeServer(this.#protocol());
    const options = { limits: this.#socketLimits, onFault: (error: unknown) => this.#closeCodeOf(error) };
    server.on('connection', (socket, request) => wire(protocol, { socket, request }, options));
    this.#server = server;
    this.#showNumbers(server);
    const http = this.host.httpAdapter.getHttpServer() as HttpServer;
    http.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    // Before the HTTP server closes, whoever closes it: it waits for ever for sockets that were upgraded.
    this.host.httpAdapter.getInstance<FastifyInstance>().addHook('preClose', async () => this.#close(server));
  }

  #protocol(): ServerOptions<Record<string, unknown>, SocketExtra> {
    const { operations, observer } = this;
    return {
      schema: this.graph.schema,
      connectionInitWaitTimeout: this.#socketLimits.initMs,
      execute: args => observer.operation(args, () => execute(args)),
      // The source itself: what it delivers is answered where it is sent.
      subscribe: args => observer.operation(args, () => createSourceEventStream(args)) as OperationResult,
      onConnect: context => this.#letIn(context),
      onClose: context => this.#forget(context),
      onSubscribe: (context, _id, payload) => operations.prepared(context, payload),
      onOperation: (context, ...[id, payload, args, result]) =>
        operations.delivered(context, { id, payload, args }, result),
      onNext: (...[, , , , result]) => operations.withShownErrors(result),
      onError: (context, _id, _payload, errors) => operations.shownErrors(context, errors),
    };
  }

  /** Clients are told to come back elsewhere (1001), and do not hold up the end. */
  async #close(server: WebSocketServer): Promise<void> {
    for (const client of server.clients) client.close(1001, 'Going away');
    const closed = new Promise(resolve => server.close(resolve));
    await Promise.race([closed, new Promise(resolve => setTimeout(resolve, 1_000).unref())]);
    for (const client of server.clients) client.terminate();
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const [path] = (request.url ?? '').split('?');
    if (path !== PATH || !this.#server) {
      socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n');
      return;
    }
    this.#server.handleUpgrade(request, socket, head, client => this.#server?.emit('connection', client, request));
  }

  /** What the client is told when it is let in; false closes the connection with 4403, unless it is closed. */
  async #letIn(context: SocketContext): Promise<false | { readonly log: string }> {
    const counted = countedOf(context);
    const { socket } = context.extra;
    try {
      if (await this.limits.take(counted)) {
        socket.close(CLOSE.tooManyRequests, 'Too many requests');
        return false;
      }
      const caller = await this.authority.authenticate(counted.authorization);
      this.limits.proven(counted.authorization);
      const log = await this.log.identity();
      // Had it gone meanwhile, nobody would tell us any more.
      if (socket.readyState !== socket.OPEN) return false;
      const forget = this.tokens.watch(caller, () => socket.close(CLOSE.tokenEnded, 'The token has ended'));
      this.#connections.set(context, forget);
      return { log };
    } catch (error) {
      if (!(error instanceof RequestError) || error.code !== 'UNAUTHENTICATED') throw error;
      await this.limits.failed(counted);
      return false;
    }
  }

  #forget(context: SocketContext): void {
    this.#connections.get(context)?.();
    this.#connections.delete(context);
  }

  #closeCodeOf(error: unknown): number {
    if (asRequestError(error)) return TRY_AGAIN_LATER;
    this.#faults.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return Number(CloseCode.InternalServerError);
  }

  /** Of what a connection has asked for, graphql-ws keeps the open subscriptions as iterators, the rest as null. */
  #showNumbers(server: WebSocketServer): void {
    this.observer.showOpen(() => {
      const asked = [...this.#connections.keys()].flatMap(context => Object.values(context.subscriptions));
      return { sockets: server.clients.size, subscriptions: asked.filter(one => one !== null).length };
    });
  }
}
