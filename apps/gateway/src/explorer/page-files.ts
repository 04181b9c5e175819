import { createRequire } from 'node:module';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { FastifyReply } from 'fastify';
import { pageSecurity } from './page-security.js';

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  json: 'application/json; charset=utf-8',
  svg: 'image/svg+xml',
};

const resolve = createRequire(import.meta.url).resolve;

/** A file of our own, beside this program. */
export function ownFile(name: string): string {
  return join(import.meta.dirname, 'public', name);
}

/** A file of an installed package, whether or not it may be imported: nothing comes from elsewhere. */
export function packageFile(name: string, file: string): string {
  return join(dirname(resolve(`${name}/package.json`)), file);
}

/** Sends a whole file with the headers of our pages. */
export async function sendFile(
  reply: FastifyReply,
  file: string,
  options: Parameters<typeof pageSecurity>[0] = {},
): Promise<void> {
  const type = MEDIA_TYPES[file.split('.').at(-1) ?? ''] ?? 'application/octet-stream';
  const content = await readFile(file);
  await reply.headers(pageSecurity(options)).type(type).send(content);
}
