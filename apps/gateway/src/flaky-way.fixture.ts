import { connect, createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

/** A way to a server that breaks whenever it is told to. */
export interface FlakyWay {
  readonly url: string;
  /** Cuts every connection that there is, without a word. */
  cut(): void;
  close(): Promise<void>;
}

/** Carries bytes to the server at `url` (`http://host:port`). */
export async function flakyWay(url: string): Promise<FlakyWay> {
  const { hostname, port } = new URL(url);
  const open = new Set<Socket>();
  const server = createServer(near => {
    const far = connect(Number(port), hostname);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(one);
      one.on('error', () => undefined); // the other side is told by the close
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const cut = (): void => {
    for (const socket of open) socket.resetAndDestroy();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    close: () => {
      cut();
      return new Promise(resolve => server.close(() => resolve()));
    },
  };
}
