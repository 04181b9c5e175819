import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { SMTPServer } from 'smtp-server';

/** A letter as it came in: who it was for, and its raw text, headers first. */
export interface TakenLetter {
  readonly from: string;
  readonly to: readonly string[];
  readonly raw: string;
}

/** A mail server of a spec's own, which speaks SMTP and delivers to nobody. */
export interface TestMailServer {
  readonly url: string;
  readonly letters: readonly TakenLetter[];
  /** The next letter is put off (451), as busy servers do. */
  putOffNext(): void;
  close(): Promise<void>;
}

/** Listens on a free port of this machine. Takes mail from `user` with the password `secret` alone. */
export async function testMailServer(): Promise<TestMailServer> {
  const letters: TakenLetter[] = [];
  let putOff = false;
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    onAuth: ({ username, password }, _session, reply) =>
      username === 'user' && password === 'secret' ? reply(null, { user: 'user' }) : reply(new Error('Who are you?')),
    onData: (stream, { envelope }, reply) => {
      void text(stream).then(raw => {
        const to = envelope.rcptTo.map(({ address }) => address);
        const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
        if (!putOff) letters.push({ from, to, raw });
        const error = putOff ? Object.assign(new Error('Come again later.'), { responseCode: 451 }) : null;
        putOff = false;
        reply(error);
      });
    },
  });
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  const { port } = server.server.address() as AddressInfo;
  return {
    url: `smtp://user:secret@127.0.0.1:${port}`,
    letters,
    putOffNext: () => (putOff = true),
    close: () => new Promise(resolve => server.close(() => resolve())),
  };
}
