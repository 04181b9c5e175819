import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/** The way from a spec’s programs to a server, which can fall silent as networks do: nobody is told. */
export interface TestWire {
  /** The server's URL, by way of the wire. */
  readonly url: string;
  /** From now on nothing comes through on the connections that there are, in either direction; later ones are as before. */
  fallSilent(): void;
  /** Nothing comes through on later ones either, until `heal`. */
  cut(): void;
  heal(): void;
  close(): Promise<void>;
}

/** Listens on a free port of this machine. */
export async function testWire(serverUrl: string): Promise<TestWire> {
  const open = new Set<Socket>();
  const joined = new Set<readonly [Socket, Socket]>();
  let isCut = false;
  const url = new URL(serverUrl);
  const folder = url.searchParams.get('host');
  const port = url.port || '5432';
  const server = createServer(near => {
    const far = folder?.startsWith('/') ? connect(`${folder}/.s.PGSQL.${port}`) : connect(Number(port), url.hostname);
    for (const socket of [near, far]) {
      open.add(socket);
      socket.on('error', () => undefined); // whichever side is broken, the other one is closed below
      socket.on('close', () => open.delete(socket));
    }
    const pair = [near, far] as const;
    joined.add(pair);
    near.pipe(far).on('close', () => joined.has(pair) && near.destroy());
    far.pipe(near).on('close', () => joined.has(pair) && far.destroy());
    if (isCut) silence(pair);
  });
  const silence = (pair: readonly [Socket, Socket]) => {
    const [near, far] = pair;
    joined.delete(pair);
    near.unpipe(far).pause();
    far.unpipe(near).pause();
  };
  const fallSilent = () => [...joined].forEach(silence);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url.search = '';
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: url.href,
    fallSilent,
    cut: () => {
      isCut = true;
      fallSilent();
    },
    heal: () => (isCut = false),
    close: async () => {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
