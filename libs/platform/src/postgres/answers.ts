import { once } from 'node:events';
import { connect } from 'node:net';

const WITHIN_MS = 1_000;
/** The request for TLS that opens a conversation: length 8, code 80877103. The server answers with one byte, yes or no. */
const TLS_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

/** True when a PostgreSQL server talks on this port; a connection alone proves only that the kernel took it. */
export async function answersOn(port: number): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port });
  socket.on('error', () => undefined); // reported to the waiting lines below
  try {
    const signal = AbortSignal.timeout(WITHIN_MS);
    await once(socket, 'connect', { signal });
    socket.write(TLS_REQUEST);
    const [answer] = (await Promise.race([once(socket, 'data', { signal }), once(socket, 'close', { signal })])) as [
      unknown,
    ];
    return Buffer.isBuffer(answer);
  } catch {
    return false; // refused, reset or silent
  } finally {
    socket.destroy();
  }
}
