import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { anthropicError, anthropicErrorEvent, anthropicFrames } from './anthropic-frames.js';
import { openAiError, openAiErrorEvent, openAiFrames } from './openai-frames.js';
import type { RefusedAnswer, SpokenAnswer, VendorAnswer } from './vendor-answer.js';

export type VendorWire = 'anthropic' | 'openai';

/** Of whom it says it is; both in PEM. */
export interface VendorTls {
  readonly certificate: string;
  readonly key: string;
}

/** What was asked, and how it went. */
export interface VendorRequest {
  readonly wire: VendorWire;
  readonly model: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readonly<Record<string, unknown>>;
  framesWritten: number;
  /** The caller went away before the answer was complete. */
  aborted: boolean;
}

/**
 * A model vendor on this machine: one HTTP server that speaks the Anthropic Messages API and OpenAI chat completions as they
 * come over the wire, in small frames. What it answers is scripted by the model's name, one answer per request.
 */
export class ModelVendor {
  readonly requests: VendorRequest[] = [];
  readonly #answers = new Map<string, VendorAnswer[]>();
  readonly #server: Server;

  private constructor(private readonly tls: VendorTls | undefined) {
    const serve = (request: IncomingMessage, response: ServerResponse): void => {
      this.#serve(request, response).catch(() => response.destroy());
    };
    this.#server = tls ? createTlsServer({ cert: tls.certificate, key: tls.key }, serve) : createServer(serve);
  }

  /** Without `tls` it speaks plainly. */
  static async start({ tls }: { readonly tls?: VendorTls } = {}): Promise<ModelVendor> {
    const vendor = new ModelVendor(tls);
    vendor.#server.listen(0, '127.0.0.1');
    await once(vendor.#server, 'listening');
    return vendor;
  }

  /** Base URL of both wires. */
  get url(): string {
    return `${this.tls ? 'https' : 'http'}://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  /** What this model answers, in turn; its last answer is given again and again. */
  answers(model: string, ...answers: readonly [VendorAnswer, ...VendorAnswer[]]): void {
    this.#answers.set(model, [...answers]);
  }

  requestsFor(model: string): VendorRequest[] {
    return this.requests.filter(request => request.model === model);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const wire = wireOf(incoming.url ?? '');
    const body = JSON.parse(await textOf(incoming)) as Record<string, unknown>;
    if (!wire) return void response.writeHead(404).end();
    const model = String(body['model']);
    const request: VendorRequest = { wire, model, headers: incoming.headers, body, framesWritten: 0, aborted: false };
    this.requests.push(request);
    response.on('close', () => {
      request.aborted = !response.writableFinished;
    });
    const answer = this.#next(model);
    if (answer.kind === 'silent') return;
    if (answer.kind === 'refused') return refuse(response, wire, answer);
    await speak(response, request, answer);
  }

  #next(model: string): VendorAnswer {
    const left = this.#answers.get(model) ?? [];
    const unknown: RefusedAnswer = {
      kind: 'refused',
      status: 404,
      code: 'not_found_error',
      message: `No model ${model}`,
    };
    return (left.length > 1 ? left.shift() : left[0]) ?? unknown;
  }
}

function wireOf(path: string): VendorWire | undefined {
  if (path === '/v1/messages') return 'anthropic';
  return path === '/v1/chat/completions' ? 'openai' : undefined;
}

async function textOf(stream: AsyncIterable<unknown>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function refuse(response: ServerResponse, wire: VendorWire, answer: RefusedAnswer): void {
  const body = wire === 'anthropic' ? anthropicError(answer) : openAiError(answer);
  response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
  response.end(JSON.stringify(body));
}

async function speak(response: ServerResponse, request: VendorRequest, answer: SpokenAnswer): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const { breakOff, frameDelayMs } = answer;
  for (const frame of framesOf(request, answer)) {
    if (response.destroyed) return;
    if (breakOff && request.framesWritten === breakOff.afterFrames) return breakOffNow(response, request, breakOff.how);
    await write(response, frame);
    request.framesWritten += 1;
    if (frameDelayMs) await delay(frameDelayMs);
  }
  response.end();
}

function framesOf({ wire, model, body }: VendorRequest, answer: SpokenAnswer): string[] {
  if (wire === 'anthropic') return anthropicFrames(answer, model);
  const options = body['stream_options'] as { readonly include_usage?: boolean } | undefined;
  return openAiFrames(answer, model, options?.include_usage === true);
}

/** In two halves, as networks do. */
async function write(response: ServerResponse, frame: string): Promise<void> {
  const middle = Math.floor(frame.length / 2);
  for (const half of [frame.slice(0, middle), frame.slice(middle)]) {
    await new Promise<void>(resolve => response.write(half, () => resolve()));
  }
}

async function breakOffNow(
  response: ServerResponse,
  { wire }: VendorRequest,
  how: NonNullable<SpokenAnswer['breakOff']>['how'],
): Promise<void> {
  switch (how) {
    case 'reset':
      await delay(20); // what was written must arrive first
      response.socket?.resetAndDestroy();
      return;
    case 'close':
      response.end();
      return;
    case 'error-event':
      await write(response, wire === 'anthropic' ? anthropicErrorEvent() : openAiErrorEvent());
      response.end();
      return;
    case 'stall':
      return;
  }
}
