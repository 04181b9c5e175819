import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { PassThrough, type Duplex } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '@runledger/testing';
import type { ContainerProcess } from './container-port.js';
import { RELAY_PROGRAMS } from './pod-relay.js';
import { PodTunnel } from './pod-tunnel.js';
import { FRAME, frameOf, numberFrameOf, ROOM_BYTES } from './relay-frames.js';

const MIB = 1_048_576;
/** What the kernel holds of a connection, both ends. */
const KERNEL_BYTES = 8 * MIB;

function processOf(child: ChildProcess): ContainerProcess {
  const ended = once(child, 'close').then(([code]) => (code as number | null) ?? undefined);
  const { stdin, stdout, stderr } = child as ChildProcess & Pick<ContainerProcess, 'stdin' | 'stdout' | 'stderr'>;
  return { stdin, stdout, stderr, exitCode: () => ended, close: () => void child.kill('SIGKILL') };
}

describe.each(Object.entries(RELAY_PROGRAMS))('the relay of a pod in %s', (name, words) => {
  const isThere = spawnSync(name, ['--version']).status === 0;
  const specify = isThere ? it : it.skip;
  const mark = isThere ? '' : ` (needs ${name})`;
  let child: ChildProcess;
  let tunnel: PodTunnel;
  let port: number;
  let accepted: (connection: Duplex) => void;

  beforeEach(async () => {
    if (!isThere) return;
    accepted = connection => connection.pipe(connection);
    child = spawn(name, [...words, '0']);
    ({ tunnel, port } = await PodTunnel.open(processOf(child), connection => accepted(connection)));
  });
  afterEach(async () => {
    if (!isThere) return;
    tunnel.close();
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });

  const connected = async (): Promise<Socket> => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    await once(socket, 'connect');
    return socket;
  };
  /** Whether it was closed or torn. */
  const seenEnd = async (socket: Socket): Promise<void> => {
    await once(socket.resume(), 'end').catch(() => undefined);
    socket.destroy();
  };
  const echoed = async (bytes: Buffer): Promise<Buffer> => {
    const socket = await connected();
    socket.end(bytes);
    return buffer(socket);
  };

  specify(
    `passes bytes on as they are, both ways, on many connections at once, and each end by itself${mark}`,
    async () => {
      const sent = Array.from({ length: 12 }, (_, index) => randomBytes(index * 150_000));
      const heard = await Promise.all(sent.map(echoed));
      expect(heard.map((bytes, index) => bytes.equals(sent[index]!))).toEqual(sent.map(() => true));
    },
  );

  specify(`holds back whoever sends what nobody reads, and nobody else${mark}`, async () => {
    let outside: Duplex | undefined;
    accepted = connection => void (outside ??= connection);
    const stuck = await connected();
    stuck.write('open');
    await eventually(() => outside !== undefined);
    accepted = connection => connection.pipe(connection);
    const taken = { in: 0, out: 0 };
    const flood = (end: Duplex, way: 'in' | 'out'): void => {
      const chunk = Buffer.alloc(65_536);
      const more = (): void => void end.write(chunk, error => !error && ((taken[way] += chunk.length), more()));
      more();
    };
    flood(stuck, 'in');
    flood(outside!, 'out');
    let before = -1;
    await eventually(async () => {
      before = taken.in + taken.out;
      await sleep(300);
      return before === taken.in + taken.out;
    }, 20_000);
    expect(taken.out).toBeLessThanOrEqual(ROOM_BYTES + KERNEL_BYTES);
    expect(taken.in).toBeLessThanOrEqual(ROOM_BYTES + KERNEL_BYTES);
    const bytes = randomBytes(MIB);
    expect((await echoed(bytes)).equals(bytes)).toBe(true);
    stuck.resume();
    const read = once(outside!, 'data');
    await read;
    await eventually(() => taken.out > before);
    stuck.destroy();
    outside!.destroy();
  });

  specify(`ends a connection that was ended on the other side, whole or torn${mark}`, async () => {
    accepted = connection => connection.end('bye');
    expect((await echoed(Buffer.alloc(0))).toString()).toBe('bye');
    accepted = connection => connection.destroy();
    const torn = await connected();
    await seenEnd(torn);
    const seen = new Promise<void>(resolve => {
      accepted = connection =>
        connection
          .on('error', () => undefined)
          .once('close', resolve)
          .resume();
    });
    (await connected()).resetAndDestroy();
    await seen;
  });

  specify(`leaves nothing behind when nobody listens to it any more${mark}`, async () => {
    const open = seenEnd(await connected());
    const gone = once(child, 'exit');
    child.stdin?.end(); // as when the service was killed
    await gone;
    expect(child.exitCode).toBe(0);
    await open;
    await expect(connected()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  specify(`answers signs of life, by which its service sees that it is still there${mark}`, async () => {
    const alone = spawn(name, [...words, '0']);
    await once(alone.stdout, 'data'); // it listens
    alone.stdin.write(frameOf(FRAME.alive, 0));
    expect(((await once(alone.stdout, 'data')) as [Buffer])[0]).toEqual(frameOf(FRAME.alive, 0));
    alone.stdin.end();
    await once(alone, 'exit');
  });

  specify(`says why it cannot listen${mark}`, async () => {
    const second = spawn(name, [...words, String(port)]);
    await expect(PodTunnel.open(processOf(second), () => undefined)).rejects.toMatchObject({
      code: 'RELAY_ENDED',
      exitCode: 3,
    });
  });
});

describe('HOSTILE: what speaks in place of the relay of a pod', () => {
  const speaking = () => {
    const [stdin, stdout] = [new PassThrough(), new PassThrough()];
    const exitCode = () => Promise.resolve(0);
    return { stdin, stdout, stderr: new PassThrough(), exitCode, close: () => void stdout.end() };
  };
  const open = async (aliveMs?: number) => {
    const process = speaking();
    process.stdout.write(numberFrameOf(FRAME.listening, 0, 1));
    const accepted: Duplex[] = [];
    const accept = (connection: Duplex): void => void accepted.push(connection.on('error', () => undefined));
    const { tunnel } = await PodTunnel.open(process, accept, aliveMs);
    return { process, tunnel, accepted };
  };

  it.each([
    ['noise', [Buffer.from('GET / HTTP/1.1\r\n\r\n')]],
    ['a frame that is longer than any', [Buffer.from('030000000100100000', 'hex')]],
    ['a frame of no known kind', [frameOf(99, 1)]],
    ['a number that is none', [frameOf(FRAME.open, 1), frameOf(FRAME.room, 1, Buffer.alloc(2))]],
    ['one connection twice', [frameOf(FRAME.open, 1), frameOf(FRAME.open, 1)]],
    [
      'more than there is room for',
      [frameOf(FRAME.open, 1), ...Array(5).fill(frameOf(FRAME.data, 1, Buffer.alloc(65_536)))],
    ],
  ])('is cut off when it says %s', async (_what, said: Buffer[]) => {
    const { process, tunnel, accepted } = await open();
    said.forEach(frame => process.stdout.write(frame));
    await expect(tunnel.ended).resolves.toMatchObject({ code: 'RELAY_GARBLED' });
    expect(accepted.map(({ destroyed }) => destroyed)).toEqual(accepted.map(() => true));
  });

  it('is taken for gone when it does not answer', async () => {
    const { process, tunnel } = await open(50);
    process.stdin.resume();
    await expect(tunnel.ended).resolves.toMatchObject({ code: 'RELAY_ENDED' });
  });

  it('has so many connections and no more, and is not answered without end when it reads nothing', async () => {
    const { process, tunnel, accepted } = await open();
    for (let number = 1; number <= 300; number += 1) process.stdout.write(frameOf(FRAME.open, number));
    await eventually(() => accepted.length === 256);
    const opens = Buffer.concat(Array.from({ length: 100_000 }, (_, index) => frameOf(FRAME.open, 1_000 + index)));
    process.stdout.write(opens);
    await expect(tunnel.ended).resolves.toMatchObject({ code: 'RELAY_GARBLED' });
  });
});
