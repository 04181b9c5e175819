import type { V1Pod, V1Status } from '@kubernetes/client-node';
import { spawn, type ChildProcess } from 'node:child_process';
import { chownSync, existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { WebSocket } from 'ws';
import { hostToolsArguments, NODE_BIN } from '../driver/host-tools.js';

export const [STDIN, STDOUT, STDERR, STATUS, CLOSE] = [0, 1, 2, 3, 255];
/** With everything of this machine, and beside it what a cluster was given for it. */
export const IMAGE = 'tools:1';
/** Has nothing of it that can listen. */
export const BARE_IMAGE = 'bare:1';
const AGENT_UID = 10_001;
/** As an API server, which reads no more of a program than it can pass on. */
const MOST_UNSENT_BYTES = 262_144;

/** A file or directory of the image, by where it is in it. */
export type ImageFiles = Readonly<Record<string, string>>;

/** The API server's side of one `exec`: a frame is a channel's number and what was said on it; in v5 the frame 255 closes a channel. */
export function joinProgram(socket: WebSocket, child: ChildProcess, early: readonly Buffer[]): void {
  const hear = (data: Buffer): void => {
    if (data[0] === STDIN && child.stdin?.write(data.subarray(1)) === false) {
      socket.pause();
      child.stdin.once('drain', () => socket.resume());
    }
    if (data[0] === CLOSE && data[1] === STDIN && socket.protocol === 'v5.channel.k8s.io') child.stdin?.end();
  };
  early.forEach(hear);
  socket.on('message', hear);
  socket.on('close', () => child.stdin?.end());
  child.stdin?.on('error', () => undefined); // it reads no more
  // So that whoever asked knows that it is connected, before anything is said.
  sendOn(socket, STDOUT, Buffer.alloc(0));
  const channels = [
    [child.stdout, STDOUT],
    [child.stderr, STDERR],
  ] as const;
  for (const [output, channel] of channels) {
    output?.on('data', (data: Buffer) => {
      sendOn(socket, channel ?? 0, data, () => output.resume());
      if (socket.bufferedAmount > MOST_UNSENT_BYTES) output.pause();
    });
  }
  child.on('close', (code, signal) => tellEnd(socket, endedWith(code ?? (signal === 'SIGKILL' ? 137 : 143))));
}

export function tellEnd(socket: WebSocket, status: V1Status): void {
  sendOn(socket, STATUS, Buffer.from(JSON.stringify(status)));
  socket.close();
}

function sendOn(socket: WebSocket, channel: number | undefined, data: Buffer, sent?: () => void): void {
  socket.send(Buffer.concat([Buffer.of(channel ?? 0), data]), () => sent?.());
}

function endedWith(exitCode: number): V1Status {
  if (exitCode === 0) return { status: 'Success' };
  const causes = [{ reason: 'ExitCode', message: String(exitCode) }];
  const message = `command terminated with exit code ${exitCode}`;
  return { kind: 'Status', status: 'Failure', code: 500, message, reason: 'NonZeroExitCode', details: { causes } };
}

/** A program of a pod whose first one is `init` on this machine. */
export function inside(init: number, command: readonly string[]): ChildProcess {
  const enter = ['--target', String(init), '--mount', '--pid', '--net', '--ipc', '--wdns=/', '--'];
  // Node's pipes are sockets, and bash takes the first shell on a socket for a remote one, which reads /etc/bash.bashrc.
  const plain = ['env', '-i', `PATH=${NODE_BIN}:/usr/bin:/bin`, 'HOME=/home/agent', 'SHLVL=1'];
  return spawn('nsenter', [...enter, ...asAgent(), ...plain, ...command], { env: {}, cwd: '/' });
}

function asAgent(): string[] {
  const user = ['--reuid', String(AGENT_UID), '--regid', String(AGENT_UID), '--clear-groups'];
  return ['/usr/bin/setpriv', ...user, '--bounding-set=-all', '--inh-caps=-all', '--no-new-privs', '--'];
}

/** What could listen in the pod is there, and cannot be run. */
function withoutInterpreters(): string[] {
  const places = ['/usr/bin', '/usr/local/bin'].flatMap(place =>
    ['node', 'perl', 'python3'].map(name => join(place, name)),
  );
  return places.filter(path => existsSync(path)).flatMap(path => ['--ro-bind', '/dev/null', path]);
}

/** A pod is a namespace of this machine, with its programs and what the image adds to them. */
export function podArguments(pod: V1Pod, directory: string, files: ImageFiles): string[] {
  const container = pod.spec?.containers[0];
  const volumes = container?.volumeMounts?.flatMap(({ name, mountPath }) => {
    const source = join(directory, name);
    mkdirSync(source);
    chownSync(source, AGENT_UID, AGENT_UID);
    return ['--bind', source, mountPath];
  });
  const isBare = container?.image === BARE_IMAGE;
  const image = isBare
    ? withoutInterpreters()
    : Object.entries(files).flatMap(([target, source]) => [
        ...['--perms', '0755', '--dir', dirname(target), '--ro-bind', source, target],
      ]);
  return [
    ...['--unshare-pid', '--unshare-net', '--unshare-ipc', '--unshare-uts', '--die-with-parent', '--info-fd', '3'],
    ...['--perms', '0755', '--dir', '/etc', ...hostToolsArguments()],
    ...['--proc', '/proc', '--dev', '/dev', '--perms', '0755', '--dir', '/run', '--perms', '0755', '--dir', '/home'],
    ...[...image, ...(volumes ?? []), '--remount-ro', '/', '--chdir', '/workspace'],
    ...['--', ...asAgent(), ...(container?.command ?? [])],
  ];
}
