import { createRequire } from 'node:module';
import { connect } from 'node:net';

export interface VersionRange {
  readonly min: number;
  readonly max: number;
}

/** By API key. */
export type BrokerVersions = ReadonlyMap<number, VersionRange>;

interface Definition {
  readonly versions: readonly string[];
}

const client = createRequire(import.meta.url);
const requests = (client('kafkajs/src/protocol/requests') as { readonly requests: Record<string, Definition> })
  .requests;
const keys = client('kafkajs/src/protocol/requests/apiKeys') as Record<string, number>;

/** The highest version that kafkajs speaks, by API; it takes this or the broker's highest, and never looks at the broker's lowest. */
export function clientVersions(): Record<string, number> {
  const spoken = Object.entries(requests).filter(([, { versions }]) => versions.length > 0);
  return Object.fromEntries(spoken.map(([name, { versions }]) => [name, Math.max(...versions.map(Number))]));
}

/** What kafkajs would ask and the broker would not understand, by API name. */
export function unspoken(broker: BrokerVersions): string[] {
  return Object.entries(clientVersions()).flatMap(([name, highest]) => {
    const range = broker.get(keyOf(name));
    if (!range) return [`${name}: the broker does not have it`];
    const version = Math.min(highest, range.max);
    return version < range.min ? [`${name}: asks version ${version}, the broker begins with ${range.min}`] : [];
  });
}

export function keyOf(name: string): number {
  const key = keys[name];
  if (key === undefined) throw new TypeError(`kafkajs has no API ${name}.`);
  return key;
}

/** Asks a broker which versions it understands: one ApiVersions request, version 0, by hand. */
export async function brokersOwnVersions(port: number): Promise<BrokerVersions> {
  const request = Buffer.alloc(4 + 10);
  request.writeInt32BE(10, 0); // length
  request.writeInt16BE(18, 4); // ApiVersions
  request.writeInt16BE(0, 6);
  request.writeInt32BE(1, 8); // correlation id
  request.writeInt16BE(-1, 12); // no client id
  const answer = await ask(port, request);
  const ranges = new Map<number, VersionRange>();
  for (let at = 14; at + 6 <= answer.length; at += 6) {
    ranges.set(answer.readInt16BE(at), { min: answer.readInt16BE(at + 2), max: answer.readInt16BE(at + 4) });
  }
  return ranges;
}

function ask(port: number, request: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(request));
    let answer = Buffer.alloc(0);
    socket.on('data', chunk => {
      answer = Buffer.concat([answer, chunk]);
      if (answer.length < 4 || answer.length < 4 + answer.readInt32BE(0)) return;
      socket.destroy();
      resolve(answer);
    });
    socket.on('error', reject);
  });
}
