import { FastifyAdapter } from '@nestjs/platform-fastify';
import { MAX_BODY_BYTES } from './gateway.config.js';
import { keepRawBodies } from './rest/raw-body.js';

/** The HTTP server that a gateway runs on. Ending it closes connections at once instead of waiting for idle ones. */
export function gatewayAdapter(): FastifyAdapter {
  const adapter = new FastifyAdapter({
    bodyLimit: MAX_BODY_BYTES,
    forceCloseConnections: true,
    trustProxy: false,
    routerOptions: { maxParamLength: 600 },
  });
  keepRawBodies(adapter.getInstance());
  return adapter;
}
