import { once } from 'node:events';
import { createServer } from 'node:net';
import { orCannotListen } from '../listen.js';

/**
 * Below the range from which systems take ports for outgoing connections, so that nobody takes one while its owner restarts.
 */
const FIRST = 20_000;
const LAST = 31_999;

/** So many ports that are free now and different from each other. */
export async function freePorts(count: number, host: string): Promise<number[]> {
  const found = new Set<number>();
  while (found.size < count) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST + 1));
    if (!found.has(port) && (await isFree(port, host))) found.add(port);
  }
  return [...found];
}

/** Throws `CannotListenError` when somebody has it. */
export async function requireFreePort(port: number, host: string): Promise<void> {
  await orCannotListen(probe(port, host), { port, host });
}

function isFree(port: number, host: string): Promise<boolean> {
  return probe(port, host).then(
    () => true,
    () => false,
  );
}

async function probe(port: number, host: string): Promise<void> {
  const server = createServer().listen({ port, host });
  await once(server, 'listening');
  server.close();
  await once(server, 'close');
}
