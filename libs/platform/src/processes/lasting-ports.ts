import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below the range from which systems take ports for outgoing connections, so that nobody takes one while its owner restarts.
 */
const FIRST = 20_000;
const LAST = 31_999;

/** So many ports that are free now, different from each other, and still there when their owner comes back to them. */
export async function lastingPorts(count: number, host: string): Promise<number[]> {
  const found = new Set<number>();
  while (found.size < count) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST + 1));
    if (!found.has(port) && (await isFree(port, host))) found.add(port);
  }
  return [...found];
}

/** Throws what a socket fails with when somebody has the port. */
export async function probePort(port: number, host: string): Promise<void> {
  const server = createServer().listen({ port, host });
  await once(server, 'listening');
  server.close();
  await once(server, 'close');
}

function isFree(port: number, host: string): Promise<boolean> {
  return probePort(port, host).then(
    () => true,
    () => false,
  );
}
