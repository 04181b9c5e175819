import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { WebSocket, WebSocketServer } from 'ws';
import { textFrame } from './text-frame.js';

describe('a message as bytes', () => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  afterAll(() => new Promise(resolve => server.close(resolve)));

  it('arrives at any WebSocket client whatever its length, in its place among those that the library writes', async () => {
    await once(server, 'listening');
    const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const texts: string[] = [];
    client.on('message', data => texts.push((data as Buffer).toString()));
    const [socket, { socket: wire }] = (await once(server, 'connection')) as [
      WebSocket,
      { socket: NodeJS.WritableStream },
    ];
    const lengths = fc.oneof(fc.constantFrom(0, 1, 125, 126, 127, 65_535, 65_536), fc.nat(70_000));
    await fc.assert(
      fc.asyncProperty(lengths, fc.string({ unit: 'grapheme', maxLength: 40 }), async (length, text) => {
        wire.write(textFrame([Buffer.from(text), Buffer.alloc(length, 'x'), Buffer.from('}')]));
        socket.send('between');
        wire.write(textFrame([Buffer.from('last')]));
        while (texts.at(-1) !== 'last') await once(client, 'message');
        expect(texts.splice(0)).toEqual([`${text}${'x'.repeat(length)}}`, 'between', 'last']);
      }),
      { numRuns: 60 },
    );
    client.terminate();
    await once(socket, 'close');
  });
});
