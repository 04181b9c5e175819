import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import type { Server } from 'node:net';
import { ANSWER_MS, answerOf, despiteMountsThatGo } from './machine-view.js';
import { SandboxUnavailableError } from './sandbox-faults.js';

/** Where programs inside find the proxy. */
export const PROXY_PORT = 3128;

/** Runs inside the namespace: listens there, hands the listening socket over, and is not needed any more. */
const LISTEN = `
const server = require('node:net').createServer();
process.on('disconnect', () => process.exit());
server.listen(Number(process.argv[1]), '127.0.0.1', 512, () => process.send({ pid: process.pid }, server));
`;

export interface NetworkTools {
  readonly bwrap: string;
  readonly nsenter: string;
  /** True when the service may enter namespaces as it likes; else it enters by way of a user namespace of its own. */
  readonly isRoot: boolean;
}

interface Made {
  readonly launcher: readonly string[];
  readonly descriptors: readonly number[];
  readonly server: Server;
}

/**
 * A network namespace that the calls of one sandbox share: it has a loopback interface and nothing else. Its only peer is a
 * listening socket that this process holds, so that the proxy behind it needs no process, no file and no right inside: who
 * listens is inside, who connects onwards is outside (S1).
 */
export class SandboxNetwork {
  #made: Promise<Made> | undefined;

  constructor(
    private readonly tools: NetworkTools,
    private readonly accept: (server: Server) => void,
  ) {}

  get isMade(): boolean {
    return this.#made !== undefined;
  }

  /** The command that brings a program there; makes the namespace when it is first needed. */
  async launcher(): Promise<readonly string[]> {
    const making = this.#made ?? this.#make();
    this.#made = making;
    making.catch(() => (this.#made = undefined));
    return (await making).launcher;
  }

  /** The namespace ends with its last process; nothing listens in it any more. */
  async close(): Promise<void> {
    const made = await this.#made?.catch(() => undefined);
    this.#made = undefined;
    if (!made) return;
    made.server.close();
    made.descriptors.forEach(closeSync);
  }

  async #make(): Promise<Made> {
    const { bwrap } = this.tools;
    const own = this.tools.isRoot ? [] : ['--unshare-user'];
    const argv = [...own, '--unshare-net', '--die-with-parent', '--dev-bind', '/', '/', '--'];
    return despiteMountsThatGo(() =>
      listeningInside([bwrap, ...argv], PROXY_PORT, (pid, server) => {
        const made = this.#hold(pid, server);
        this.accept(server);
        return made;
      }),
    );
  }

  /** An open file keeps a namespace alive, and is a path to it for as long as it is open. */
  #hold(pid: number, server: Server): Made {
    const open = (kind: string): number => openSync(`/proc/${pid}/ns/${kind}`, 'r');
    const path = (descriptor: number): string => `/proc/${process.pid}/fd/${descriptor}`;
    const net = open('net');
    const { nsenter } = this.tools;
    if (this.tools.isRoot) return { server, descriptors: [net], launcher: [nsenter, `--net=${path(net)}`, '--'] };
    const user = open('user');
    const launcher = [nsenter, `--user=${path(user)}`, '--preserve-credentials', `--net=${path(net)}`, '--'];
    return { server, descriptors: [net, user], launcher };
  }
}

/** A socket of this process that listens where `launcher` leads; port 0: on any that is free. `take` may look at who made it. */
export async function listeningInside<Taken>(
  launcher: readonly string[],
  port: number,
  take: (pid: number, server: Server) => Taken,
): Promise<Taken> {
  const [program = '', ...argv] = [...launcher, process.execPath, '-e', LISTEN, String(port)];
  const maker = spawn(program, argv, { env: {}, cwd: '/', stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  try {
    const { pid, server } = await handedOver(maker);
    return take(pid, server);
  } finally {
    if (maker.connected) maker.disconnect();
  }
}

async function handedOver(maker: ChildProcess): Promise<{ readonly pid: number; readonly server: Server }> {
  const said: Buffer[] = [];
  maker.stderr?.on('data', (chunk: Buffer) => said.push(chunk));
  const gone = once(maker, 'close').then(() => undefined);
  const answer = Promise.race([once(maker, 'message') as Promise<[{ pid: number }, Server]>, gone]);
  const heard = await answerOf(answer, { limitMs: ANSWER_MS, kill: () => maker.kill('SIGKILL') });
  if (heard) return { pid: heard[0].pid, server: heard[1] };
  const complaint = Buffer.concat(said).toString().trim();
  throw new SandboxUnavailableError(
    `no network namespace can be made: ${complaint}`,
    'sysctl -w user.max_net_namespaces=15000',
  );
}
