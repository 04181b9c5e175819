import type { KubeConfig } from '@kubernetes/client-node';
import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { WebSocket } from 'ws';
import { silent, upgradeRefusal, type ClusterRight } from './cluster-refusals.js';
import { PodChannels } from './pod-channels.js';
import type { Rhythm } from './socket-pulse.js';

const OPEN_WITHIN_MS = 30_000;

export interface PodConnection {
  readonly config: KubeConfig;
  /** Of the API, with its query. */
  readonly path: string;
  readonly right: ClusterRight;
  readonly rhythm?: Rhythm | undefined;
}

/** Whoever spoke HTTP where a WebSocket was asked for. */
class NotUpgradedError extends Error {
  constructor(
    readonly code: number,
    readonly body: string,
  ) {
    super(`HTTP ${code}`);
  }
}

/** Undefined: there is no such pod, or it is not up. Throws a fault that says what the cluster does not allow. */
export async function connectPod({ config, path, right, rhythm }: PodConnection): Promise<PodChannels | undefined> {
  const [{ WebSocket: Socket }, { WebSocketHandler: Handler }] = await Promise.all([
    import('ws'),
    import('@kubernetes/client-node/dist/web-socket-handler.js'),
  ]);
  const open = (uri: string, protocols: string[], options: object): WebSocket => {
    const socket = new Socket(uri, protocols, { ...options, handshakeTimeout: OPEN_WITHIN_MS });
    socket.once('unexpected-response', (_request, response) => void notUpgraded(socket, response));
    return socket;
  };
  // Without streams of its own it would end this process's output when a cluster closes a channel.
  const own = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  const channels = new PodChannels();
  const hear = (channel: number, data: Buffer): boolean => channels.hear(channel, data);
  try {
    const socket = await new Handler(config, open, own).connect(path, null, hear);
    channels.join(socket, rhythm);
    return channels;
  } catch (event) {
    const { error = event, message } = event as { readonly error?: unknown; readonly message?: string };
    if (!(error instanceof NotUpgradedError)) throw silent(right.namespace, message ?? String(error));
    const refusal = upgradeRefusal(error, right);
    if (refusal) throw refusal;
    return undefined;
  }
}

/** What it said instead is worth more than its number. */
async function notUpgraded(socket: WebSocket, response: IncomingMessage): Promise<void> {
  const body = await text(response).catch(() => ''); // it broke off: the number has to do
  socket.emit('error', new NotUpgradedError(response.statusCode ?? 0, body));
  socket.terminate();
}
