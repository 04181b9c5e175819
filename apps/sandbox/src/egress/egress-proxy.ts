import { createServer, request as requestOverHttp } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { pipeline, type Duplex } from 'node:stream';
import type { Destination, EgressPolicy } from './egress-policy.js';
import type { EgressRequest } from './egress-request.js';
import { KeyRelays } from './key-relays.js';
import { passedOn } from './passed-headers.js';

const CONNECT_MS = 15_000;
const IDLE_MS = 300_000;
const MOST_CONNECTIONS = 256;

/**
 * The only way out of a sandbox: an HTTP proxy that asks the policy about each request, connects to the address that was
 * checked, and tells everything to whoever watches. It does not look into what is encrypted.
 */
export class EgressProxy {
  /** Made for the first connection: few sandboxes have any. */
  #server: Server | undefined;
  readonly #sockets = new Set<Duplex>();
  /** Ways out that the platform itself has opened. */
  readonly relays = new KeyRelays(request => this.tell(request));

  constructor(
    private readonly policy: EgressPolicy,
    private readonly tell: (request: EgressRequest) => void,
  ) {}

  /** Serves a connection that someone else has accepted. */
  serve(socket: Duplex): void {
    if (this.#sockets.size >= MOST_CONNECTIONS) return void socket.destroy();
    this.#keep(socket);
    (this.#server ??= this.#listener()).emit('connection', socket);
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #listener(): Server {
    const server = createServer((request, response) => void this.#forward(request, response));
    server.on('connect', (request, socket, head) => void this.#tunnel(request, socket, head));
    server.on('clientError', (_error, socket) => socket.destroy());
    return server;
  }

  async #tunnel(request: IncomingMessage, client: Duplex, head: Buffer): Promise<void> {
    client.on('error', () => client.destroy());
    const destination = destinationOf(`http://${request.url ?? ''}`);
    if (!destination) return void answer(client, 400, 'Say CONNECT host:port.');
    const { host, port } = destination;
    const verdict = await this.policy.verdictOn(destination);
    this.tell({ method: 'CONNECT', host, port, ...(!verdict.allowed && { refused: verdict.reason }) });
    if (!verdict.allowed) return void answer(client, 403, refusal(host, verdict.reason));
    const upstream = this.#keep(connect({ host: verdict.address, port, timeout: CONNECT_MS }));
    upstream.once('error', () => answer(client, 502, `${host} did not answer.`));
    upstream.once('timeout', () => upstream.destroy(new Error('time-out')));
    upstream.once('connect', () => {
      upstream.setTimeout(IDLE_MS);
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      upstream.write(head);
      pipeline(client, upstream, client, () => [client, upstream].forEach(end => end.destroy()));
    });
  }

  async #forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.relays.serve(request, response)) return;
    const destination = destinationOf(request.url ?? '');
    if (!destination) return void response.writeHead(400).end('This is a proxy: ask for http://host/path.\n');
    const { host, port } = destination;
    const verdict = await this.policy.verdictOn(destination);
    this.tell({ method: request.method ?? 'GET', host, port, ...(!verdict.allowed && { refused: verdict.reason }) });
    if (!verdict.allowed) return void response.writeHead(403).end(`${refusal(host, verdict.reason)}\n`);
    const url = new URL(request.url ?? '');
    const upstream = requestOverHttp({
      ...{ host: verdict.address, port, method: request.method, path: url.pathname + url.search },
      headers: { ...passedOn(request.headers), host: url.host },
      setHost: false,
      agent: false,
      timeout: CONNECT_MS,
    });
    upstream.once('socket', socket => this.#keep(socket));
    upstream.once('timeout', () => upstream.destroy(new Error('time-out')));
    upstream.once('response', answered => {
      response.writeHead(answered.statusCode ?? 502, passedOn(answered.headers));
      pipeline(answered, response, () => undefined);
    });
    upstream.once('error', () => {
      if (response.headersSent) response.destroy();
      else response.writeHead(502).end(`${host} did not answer.\n`);
    });
    pipeline(request, upstream, () => undefined);
  }

  #keep<Kept extends Duplex>(socket: Kept): Kept {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.#sockets.delete(socket));
    return socket;
  }
}

function destinationOf(text: string): Destination | undefined {
  if (!text.startsWith('http://') || !URL.canParse(text)) return undefined;
  const { hostname, port } = new URL(text);
  return { host: hostname, port: port === '' ? 80 : Number(port) };
}

function refusal(host: string, reason: string): string {
  return `${host} is refused: ${reason}.`;
}

function answer(client: Duplex, status: number, text: string): void {
  if (client.destroyed) return;
  const words = { 400: 'Bad Request', 403: 'Forbidden', 502: 'Bad Gateway' }[status] ?? '';
  const body = `${text}\n`;
  const head = `HTTP/1.1 ${status} ${words}\r\ncontent-type: text/plain; charset=utf-8\r\nconnection: close`;
  client.end(`${head}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}
