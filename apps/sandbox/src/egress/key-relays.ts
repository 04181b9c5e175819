import { randomBytes } from 'node:crypto';
import { createServer, request as requestOverHttp } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { request as requestOverTls } from 'node:https';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { pipeline } from 'node:stream';
import type { EgressRequest } from './egress-request.js';
import { passedOn } from './passed-headers.js';
import { answerJson, watched, wholeBody } from './relay-meter.js';
import type { CallWatch, RelayMeter } from './relay-meter.js';

/** Where a relay leads. Holds a secret: never log it. */
export type RelayTarget = PassingTarget | AnsweringTarget;

/** Answers itself: nothing leaves. */
export interface AnsweringTarget {
  serve(request: IncomingMessage, response: ServerResponse): void;
}

/** Leads to an address outside; what it puts into each request that comes from inside. */
export interface PassingTarget {
  /** Requests stay below its path. */
  readonly baseUrl: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Left out: everything below its path may be asked for. `path` is what follows the base address, with its query. */
  allows?(request: { readonly method: string; readonly path: string }): boolean;
  /** Hears what each request was answered with. */
  heard?(status: number): void;
  /** Is asked about each request; left out: each goes out as it is. */
  readonly meter?: RelayMeter;
}

/** A way from a sandbox to one address outside. */
export interface Relay {
  /** As programs inside name it. */
  readonly url: string;
  close(): Promise<void>;
}

const IDLE_MS = 300_000;
/** What those inside say of who they are is not believed, and what an answer wants to be remembered is not passed in. */
const NOT_THEIRS = new Set(['authorization', 'x-api-key', 'api-key', 'cookie', 'host', 'forwarded']);
const NOT_FOR_THEM = new Set(['set-cookie']);

/**
 * Lets programs inside use a credential that they never see: what they ask of a relay is asked of its address, with the
 * credential put in outside of the sandbox (S1). Only that address can be reached, and only below its path.
 */
export class KeyRelays {
  readonly #targets = new Map<string, RelayTarget>();

  constructor(private readonly tell: (request: EgressRequest) => void) {}

  get isEmpty(): boolean {
    return this.#targets.size === 0;
  }

  /** Answers the path that stands for it: programs of other sandboxes on the machine cannot guess it. */
  add(target: RelayTarget): string {
    const path = `/relay-${randomBytes(16).toString('hex')}`;
    this.#targets.set(path, target);
    return path;
  }

  remove(path: string): void {
    this.#targets.delete(path);
  }

  /** False: the request is not for a relay. */
  serve(request: IncomingMessage, response: ServerResponse): boolean {
    const asked = request.url ?? '';
    const found = [...this.#targets].find(([path]) => asked === path || asked.startsWith(`${path}/`));
    if (!found) return false;
    const [path, target] = found;
    if ('serve' in target) {
      target.serve(request, response);
      return true;
    }
    const rest = asked.slice(path.length);
    const url = below(target.baseUrl, rest);
    const allowed = target.allows?.({ method: request.method ?? 'GET', path: rest }) ?? true;
    if (url && allowed) {
      const { meter } = target;
      if (meter)
        void this.#metered({ url, target, meter, request, response }).catch(() => response.destroy()); // it broke off
      else this.#pass({ url, target, request, response });
    } else response.writeHead(403).end('This leads out of what may be asked for.\n');
    return true;
  }

  async #metered({ meter, ...passing }: Passing & { readonly meter: RelayMeter }): Promise<void> {
    const { url, request, response } = passing;
    const body = await wholeBody(request);
    if (!body)
      return answerJson(response, 413, { error: { message: 'This cannot be read, and so cannot be counted.' } });
    const admission = await meter.admit({ method: request.method ?? 'GET', path: url.pathname, body });
    if ('refused' in admission) return answerJson(response, admission.refused.status, admission.refused.body);
    if (response.destroyed) return admission.watch?.over(false); // whoever asked has gone meanwhile
    this.#pass({ ...passing, ...admission });
  }

  #pass({ url, target, request, response, body, watch }: Passing): void {
    const { method = 'GET' } = request;
    const isTls = url.protocol === 'https:';
    this.tell({ method, host: url.hostname, port: Number(url.port || (isTls ? 443 : 80)) });
    const upstream = (isTls ? requestOverTls : requestOverHttp)(url, {
      method,
      headers: {
        ...without(passedOn(request.headers), NOT_THEIRS),
        ...(body && { 'content-length': String(body.length), 'accept-encoding': 'identity' }),
        ...target.headers,
      },
      timeout: IDLE_MS,
    });
    upstream.once('timeout', () => upstream.destroy(new Error('time-out')));
    upstream.once('response', answered => {
      target.heard?.(answered.statusCode ?? 502);
      if (watch) watched(answered, watch);
      response.writeHead(answered.statusCode ?? 502, without(passedOn(answered.headers), NOT_FOR_THEM));
      pipeline(answered, response, () => undefined);
    });
    upstream.on('error', () => {
      if (response.headersSent) response.destroy();
      else response.writeHead(502).end(`${url.hostname} did not answer.\n`);
    });
    let answer: IncomingMessage | undefined;
    upstream.once('response', answered => (answer = answered));
    upstream.once('close', () => {
      if (!answer) watch?.over(false);
    });
    response.once('close', () => upstream.destroy());
    if (body) upstream.end(body);
    else pipeline(request, upstream, () => undefined);
  }
}

interface Passing {
  readonly url: URL;
  readonly target: PassingTarget;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Instead of that of the request. */
  readonly body?: Buffer;
  readonly watch?: CallWatch;
}

/** A relay of its own, for programs that share the machine's loopback. */
export async function loopbackRelay(target: RelayTarget, tell: (request: EgressRequest) => void): Promise<Relay> {
  const relays = new KeyRelays(tell);
  const path = relays.add(target);
  const server = createServer((request, response) => {
    if (!relays.serve(request, response)) response.writeHead(404).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${path}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The address of a request, unless it would leave what the base address covers. */
function below(baseUrl: string, rest: string): URL | undefined {
  const base = baseUrl.replace(/\/+$/, '');
  if (!URL.canParse(base + rest)) return undefined;
  const [wanted, own] = [new URL(base + rest), new URL(base)];
  const path = own.pathname.replace(/\/+$/, '');
  const within = wanted.pathname === path || wanted.pathname.startsWith(`${path}/`);
  return wanted.origin === own.origin && within ? wanted : undefined;
}

function without(
  headers: Record<string, string | string[]>,
  names: ReadonlySet<string>,
): Record<string, string | string[]> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.has(name)));
}
