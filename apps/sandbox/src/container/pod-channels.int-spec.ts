import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket, WebSocketServer } from 'ws';
import { eventually } from '@runledger/testing';
import { PodChannels } from './pod-channels.js';

const MIB = 1_048_576;
const RHYTHM = { beatMs: 50, deafBeats: 6 };
const DEAF_MS = 300;
const [STDOUT, STATUS, CLOSE] = [1, 3, 255];

describe('the channels of a pod', () => {
  let server: WebSocketServer;
  let far: WebSocket;
  let near: WebSocket;
  let channels: PodChannels;

  beforeEach(async () => {
    server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    near = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, ['v5.channel.k8s.io']);
    channels = new PodChannels();
    near.on('message', (data: Buffer) => void channels.hear(data[0] ?? 0, data.subarray(1)));
    [far] = (await once(server, 'connection')) as [WebSocket];
    if (near.readyState !== near.OPEN) await once(near, 'open');
    channels.join(near, RHYTHM);
  });
  afterEach(() => {
    channels.close();
    server.close();
  });

  const print = (data: Buffer, done?: () => void) => far.send(Buffer.concat([Buffer.of(STDOUT), data]), done);

  it('hold back a program whose output nobody reads, which is no sign that its cluster is gone', async () => {
    let sent = 0;
    const chunk = Buffer.alloc(65_536, 'x');
    const printed = Promise.all(
      Array.from({ length: 512 }, () => new Promise<void>(resolve => print(chunk, () => resolve(void (sent += 1))))),
    );
    await eventually(() => near.isPaused);
    await sleep(3 * DEAF_MS);
    expect(sent).toBeLessThan(512);
    expect(channels.stdout.readableLength).toBeLessThan(2 * MIB);
    expect(near.readyState).toBe(near.OPEN);
    far.send(Buffer.concat([Buffer.of(STATUS), Buffer.from('{"status":"Success"}')]));
    let heard = 0;
    for await (const piece of channels.stdout as AsyncIterable<Buffer>) heard += piece.length;
    await printed;
    expect(heard).toBe(512 * chunk.length);
    expect(channels.status).toEqual({ status: 'Success' });
  });

  it('end when the other side says nothing, unless it may be waiting for a program that reads nothing', async () => {
    (far as unknown as { readonly _socket: { pause(): void } })._socket.pause();
    channels.stdin.write('read me');
    await sleep(3 * DEAF_MS);
    expect(near.readyState).toBe(near.OPEN);
    (far as unknown as { readonly _socket: { resume(): void } })._socket.resume();
    await once(near, 'pong');
    (far as unknown as { readonly _socket: { pause(): void } })._socket.pause();
    await once(channels.stdout.resume(), 'end');
    expect(channels.status).toBeUndefined();
  });

  it('close one side of a conversation and hear the rest, and pass over what they do not know', async () => {
    const heard: Buffer[] = [];
    far.on('message', (data: Buffer) => void heard.push(data));
    channels.stdin.end('all of it');
    await eventually(() => heard.length === 2);
    expect(heard.map(data => data.toString('latin1'))).toEqual(['\u0000all of it', `\u00ff\u0000`]);
    for (const frame of [[7, 1, 2], [CLOSE, STDOUT], [STDOUT]]) far.send(Buffer.from(frame));
    print(Buffer.from('still here'));
    expect(String((await once(channels.stdout, 'data'))[0])).toBe('still here');
  });
});
