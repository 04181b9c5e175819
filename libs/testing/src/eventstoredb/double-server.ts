import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import grpc from '@grpc/grpc-js';
import type { sendUnaryData, ServerReadableStream, ServerUnaryCall, ServiceError } from '@grpc/grpc-js';
import gossipServices from '@eventstore/db-client/generated/gossip_grpc_pb.js';
import featureServices from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import type { Empty } from '@eventstore/db-client/generated/shared_pb.js';
import streamServices from '@eventstore/db-client/generated/streams_grpc_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type {
  AppendReq,
  AppendResp,
  DeleteReq,
  DeleteResp,
  TombstoneReq,
  TombstoneResp,
} from '@eventstore/db-client/generated/streams_pb.js';
import type {
  DoubleCall,
  DoubleFault,
  DoubleIdentity,
  DoubleMethod,
  DoubleUser,
  RestartOptions,
} from './double-control.js';
import type { DoubleLog, ProposedEvent, Written } from './double-log.js';
import { answer, nextFault } from './ordered-faults.js';
import type { Asked, Reply } from './ordered-faults.js';
import { answerRead, serveSubscription, startOf } from './reading.js';
import type { ReadCall } from './reading.js';
import { onlyMember, supportedMethods } from './server-answers.js';
import {
  appendReply,
  expectedOf,
  failure,
  proposedOf,
  streamDeleted,
  streamOf,
  wrongVersion,
} from './wire-messages.js';

const HOST = '127.0.0.1';
const PORT_BACK_WITHIN_MS = 20_000;

export interface DoubleServerOptions {
  readonly port?: number;
  readonly tls?: DoubleIdentity;
  readonly user?: DoubleUser;
}

/** The gRPC side of the double: services of the real protocol over a {@link DoubleLog}, and the faults that were ordered. */
export class DoubleServer {
  readonly calls: DoubleCall[] = [];
  readonly faults: DoubleFault[] = [];
  readonly #log: DoubleLog;
  readonly #options: DoubleServerOptions;
  readonly #subscriptions = new Set<ReadCall>();
  readonly #instance = randomUUID();
  #server: grpc.Server | undefined;
  #port: number;

  constructor(log: DoubleLog, options: DoubleServerOptions = {}) {
    this.#log = log;
    this.#options = options;
    this.#port = options.port ?? 0;
  }

  async listen(): Promise<number> {
    const server = this.#build();
    this.#port = await new Promise<number>((resolve, reject) => {
      server.bindAsync(`${HOST}:${this.#port}`, this.#credentials(), (error, port) => {
        if (error) reject(error);
        else resolve(port);
      });
    });
    this.#server = server;
    return this.#port;
  }

  async restart({ downMs = 0, loseEvents = 0 }: RestartOptions): Promise<void> {
    this.#server?.forceShutdown();
    this.#subscriptions.clear();
    this.faults.splice(0);
    this.#log.forgetIds();
    this.#log.lose(loseEvents);
    await delay(downMs);
    await this.#listenAgain();
  }

  /** On the same port; meanwhile a connection of somebody else may have been given it. */
  async #listenAgain(): Promise<void> {
    for (const until = performance.now() + PORT_BACK_WITHIN_MS; ; await delay(50)) {
      try {
        return void (await this.listen());
      } catch (error) {
        if (performance.now() >= until) throw error;
      }
    }
  }

  dropSubscriptions(): number {
    const dropped = [...this.#subscriptions];
    for (const call of dropped) call.emit('error', failure(grpc.status.UNAVAILABLE));
    this.#subscriptions.clear();
    return dropped.length;
  }

  #credentials(): grpc.ServerCredentials {
    const { tls } = this.#options;
    if (!tls) return grpc.ServerCredentials.createInsecure();
    const pair = { cert_chain: Buffer.from(tls.certificate), private_key: Buffer.from(tls.key) };
    return grpc.ServerCredentials.createSsl(null, [pair]);
  }

  #letsIn(metadata: grpc.Metadata): boolean {
    const { user } = this.#options;
    if (!user) return true;
    const wanted = `Basic ${Buffer.from(`${user.name}:${user.password}`).toString('base64')}`;
    return metadata.get('authorization')[0] === wanted;
  }

  #build(): grpc.Server {
    const server = new grpc.Server();
    server.addService(streamServices.StreamsService, {
      append: (call: ServerReadableStream<AppendReq, AppendResp>, reply: sendUnaryData<AppendResp>) =>
        this.#append(call, reply),
      delete: (call: ServerUnaryCall<DeleteReq, DeleteResp>, reply: sendUnaryData<DeleteResp>) =>
        this.#end('delete', call, () => reply(null, new streams.DeleteResp()), reply),
      tombstone: (call: ServerUnaryCall<TombstoneReq, TombstoneResp>, reply: sendUnaryData<TombstoneResp>) =>
        this.#end('tombstone', call, () => reply(null, new streams.TombstoneResp()), reply),
      read: (call: ReadCall) => this.#read(call),
      batchAppend: (call: grpc.ServerDuplexStream<unknown, unknown>) => {
        this.calls.push({ method: 'batch-append', requiresLeader: false });
        call.emit('error', failure(grpc.status.UNIMPLEMENTED));
      },
    });
    server.addService(gossipServices.GossipService, {
      read: (_call: unknown, reply: sendUnaryData<unknown>) =>
        reply(null, onlyMember(this.#instance, { host: HOST, port: this.#port })),
    });
    server.addService(featureServices.ServerFeaturesService, {
      getSupportedMethods: (_call: ServerUnaryCall<Empty, unknown>, reply: sendUnaryData<unknown>) =>
        reply(null, supportedMethods()),
    });
    return server;
  }

  #append(call: ServerReadableStream<AppendReq, AppendResp>, reply: sendUnaryData<AppendResp>): void {
    let options: AppendReq.Options | undefined;
    const events: ProposedEvent[] = [];
    call.on('data', (request: AppendReq) => {
      options ??= request.getOptions();
      const message = request.getProposedMessage();
      if (message) events.push(proposedOf(message));
    });
    call.on('end', () => {
      const stream = streamOf(options);
      const expected = expectedOf(options);
      this.#note('append', call.metadata, { stream, expected: String(expected), ids: events.map(({ id }) => id) });
      const perform = (): Reply => {
        const written = this.#log.append(stream, expected, events);
        if (written.kind === 'deleted') return () => reply(streamDeleted(stream));
        return () => reply(null, appendReply(written));
      };
      this.#answer('append', { metadata: call.metadata, perform, fail: reply });
    });
  }

  #end<Request extends DeleteReq | TombstoneReq>(
    method: 'delete' | 'tombstone',
    call: ServerUnaryCall<Request, unknown>,
    succeed: Reply,
    fail: (error: ServiceError) => void,
  ): void {
    const options = call.request.getOptions();
    const stream = streamOf(options);
    const expected = expectedOf(options);
    this.#note(method, call.metadata, { stream, expected: String(expected) });
    const perform = (): Reply => {
      const written: Written =
        method === 'delete' ? this.#log.softDelete(stream, expected) : this.#log.tombstone(stream, expected);
      if (written.kind === 'written') return succeed;
      const error =
        written.kind === 'deleted' ? streamDeleted(stream) : wrongVersion(stream, expected, written.current);
      return () => fail(error);
    };
    this.#answer(method, { metadata: call.metadata, perform, fail });
  }

  #read(call: ReadCall): void {
    const options = call.request.getOptions();
    if (!options) return void call.emit('error', failure(grpc.status.INVALID_ARGUMENT));
    const method = options.hasSubscription() ? 'subscribe' : 'read';
    const from = options.getAll()?.getPosition()?.getCommitPosition();
    const stream = options.hasStream() ? streamOf(options.getStream()) : '$all';
    this.#note(method, call.metadata, { stream, ...(from === undefined ? {} : { from }) });
    const fail = (error: ServiceError) => void call.emit('error', error);
    const [first] = this.faults.filter(({ on }) => on === method);
    const again = first?.kind === 'redeliver' ? first.events : 0;
    const perform = (): Reply => () => {
      const serving = method === 'read' ? answerRead(call, options, this.#log) : this.#subscribe(call, options, again);
      serving.catch((error: unknown) => call.destroy(error as Error));
    };
    this.#answer(method, { metadata: call.metadata, perform, fail });
  }

  async #subscribe(...[call, options, again]: [ReadCall, Parameters<typeof startOf>[0], number]): Promise<void> {
    if (options.hasStream()) return void call.emit('error', failure(grpc.status.UNIMPLEMENTED));
    this.#subscriptions.add(call);
    try {
      const start = Math.max(0, startOf(options, this.#log) - again);
      await serveSubscription(call, options, this.#log, start);
    } finally {
      this.#subscriptions.delete(call);
    }
  }

  #answer(method: DoubleMethod, { metadata, ...asked }: Asked & { readonly metadata: grpc.Metadata }): void {
    if (!this.#letsIn(metadata)) return asked.fail(failure(grpc.status.UNAUTHENTICATED));
    void answer(nextFault(this.faults, method), asked, {
      leader: { host: HOST, port: this.#port },
      breakConnections: () => {
        this.#server?.forceShutdown();
        return this.#listenAgain();
      },
    });
  }

  #note(method: DoubleMethod, metadata: grpc.Metadata, more: Omit<DoubleCall, 'method' | 'requiresLeader'>): void {
    this.calls.push({ method, ...more, requiresLeader: metadata.get('requires-leader')[0] === 'true' });
  }
}
