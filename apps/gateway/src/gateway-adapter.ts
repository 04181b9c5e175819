import { FastifyAdapter } from '@nestjs/platform-fastify';
import { MAX_BODY_BYTES } from './gateway.config.js';
import { keepRawBodies } from './rest/raw-body.js';
import { unreadable } from './rest/rest-errors.js';

/** How long a client may take to say what it wants; whoever sends byte by byte holds a connection no longer than that. */
export interface HttpTimeouts {
  readonly headersMs: number;
  /** Headers and body together. */
  readonly requestMs: number;
  /** Between two looks at who is late. */
  readonly checkMs: number;
}

const HTTP_TIMEOUTS: HttpTimeouts = { headersMs: 15_000, requestMs: 60_000, checkMs: 5_000 };

/** The HTTP server that a gateway runs on. Ending it closes connections at once instead of waiting for idle ones. */
export function gatewayAdapter({ headersMs, requestMs, checkMs }: HttpTimeouts = HTTP_TIMEOUTS): FastifyAdapter {
  const adapter = new FastifyAdapter({
    requestTimeout: requestMs,
    http: { headersTimeout: headersMs, connectionsCheckingInterval: checkMs },
    bodyLimit: MAX_BODY_BYTES,
    forceCloseConnections: true,
    trustProxy: false,
    routerOptions: { maxParamLength: 600 },
    frameworkErrors: unreadable,
  });
  keepRawBodies(adapter.getInstance());
  return adapter;
}
