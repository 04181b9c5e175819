import { createHash, timingSafeEqual } from 'node:crypto';
import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import { OpenToAll } from '../health/open-to-all.js';
import { NOTHING_HERE } from '../internal/nothing-here.js';
import { Metrics } from './metrics.js';

/** Who may read the metrics of a process. */
export interface MetricsAccess {
  /**
   * `off`: nobody. `loopback`: programs on this machine that ask directly, not through a proxy. `open`: whoever reaches the
   * port, for ports that only the operator's network reaches.
   */
  readonly from: 'off' | 'loopback' | 'open';
  /** When set, whoever presents it as a bearer token may read, from anywhere, and nobody else. */
  readonly token?: string;
}

export const METRICS_ACCESS = Symbol('MetricsAccess');

interface Request {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly socket: { readonly remoteAddress?: string | undefined };
}

interface Reply {
  status(code: number): Reply;
  header(name: string, value: string): Reply;
  send(body: unknown): unknown;
}

const LOOPBACK = /^(?:127\.\d+\.\d+\.\d+|::1|::ffff:127\.\d+\.\d+\.\d+)$/;
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'];

/** `GET /metrics`: this process in numbers, for Prometheus. To whoever may not read them it is not there. */
@Controller('metrics')
export class MetricsRoutes {
  constructor(
    @Inject(Metrics) private readonly metrics: Metrics,
    @Inject(METRICS_ACCESS) private readonly access: MetricsAccess,
  ) {}

  @Get()
  @OpenToAll()
  async read(@Req() request: Request, @Res() reply: Reply): Promise<void> {
    if (!mayRead(this.access, request)) {
      await reply.status(404).send({ error: NOTHING_HERE });
      return;
    }
    const text = await this.metrics.text();
    await reply
      .status(200)
      .header('content-type', this.metrics.contentType)
      .header('cache-control', 'no-store')
      .send(text);
  }
}

function mayRead({ from, token }: MetricsAccess, { headers, socket }: Request): boolean {
  switch (from) {
    case 'off':
      return false;
    case 'open':
      return token === undefined || presents(headers, token);
    case 'loopback': {
      if (token !== undefined) return presents(headers, token);
      const isForwarded = FORWARDED.some(name => headers[name] !== undefined);
      return !isForwarded && LOOPBACK.test(socket.remoteAddress ?? '');
    }
  }
}

/** Compared by hash, so that the time it takes says nothing about the token. */
function presents(headers: Request['headers'], token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(String(headers['authorization'])), digest(`Bearer ${token}`));
}
