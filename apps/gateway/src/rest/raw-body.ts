import { Transform } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** The bodies as they came: a signature is about bytes, and what was parsed has lost them. */
const bodies = new WeakMap<object, Buffer[]>();

const SIGNED = ['/api/v1/hooks/', '/api/v1/slack/'];

/** Keeps the bytes of requests that are known by their signature, while they are parsed; the server's limit holds for them. */
export function keepRawBodies(server: FastifyInstance): void {
  server.addHook('preParsing', (request, _reply, payload, done) => {
    if (!SIGNED.some(path => request.url.startsWith(path))) return done(null, payload);
    const chunks: Buffer[] = [];
    bodies.set(request.raw, chunks);
    const tap = new Transform({
      transform: (chunk: Buffer, _encoding, next) => {
        chunks.push(chunk);
        next(null, chunk);
      },
    });
    payload.on('error', error => tap.destroy(error));
    done(null, payload.pipe(tap));
  });
}

export function rawBodyOf(request: FastifyRequest): Buffer {
  return Buffer.concat(bodies.get(request.raw) ?? []);
}
