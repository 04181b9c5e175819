import { open } from 'node:fs/promises';
import { writeFileSync, appendFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { CallJournal, Channel } from '../driver/call-journal.js';
import type { Container, ContainerProcess } from './container-port.js';
import { SETTLE, SPOOLED } from './container-scripts.js';

const MOST_SAID = 65_536;

/** What a short program printed; undefined when it was not heard to its end, or failed. */
export async function saidBy(container: Container, argv: readonly string[]): Promise<string | undefined> {
  const process = await container.start({ argv, env: {} });
  const chunks: Buffer[] = [];
  let bytes = 0;
  process.stdin.on('error', () => undefined); // it reads nothing
  await Promise.all([
    eachChunk(process.stdout, chunk => {
      if (bytes < MOST_SAID) chunks.push(chunk);
      bytes += chunk.length;
    }),
    eachChunk(process.stderr, () => undefined),
  ]);
  const exitCode = await process.exitCode();
  process.close();
  return exitCode === 0 ? Buffer.concat(chunks).toString() : undefined;
}

/**
 * What is known inside of a call that an earlier process began is brought into its journal: when it had ended, all of it (R2);
 * else nothing, and it is dead.
 */
export async function settleCall(container: Container, journal: CallJournal, maxBytes: number): Promise<void> {
  if (!journal.isThere || journal.supervisorEnded) return;
  const said = await saidBy(container, ['/bin/sh', '-c', SETTLE, 'settle', journal.name]);
  const [code, kills] = (said ?? '').split(/\s+/).map(Number);
  if (said === undefined || said === '' || code === undefined || Number.isNaN(code)) return;
  for (const channel of ['stdout', 'stderr'] as const) await fetchSpool(container, journal, { channel, maxBytes });
  if (code !== 0 && (kills ?? 0) > 0) journal.stop('oom');
  appendFileSync(journal.statusPath(), `{ "exit-code": ${code} }\n`, { mode: 0o600 });
  writeFileSync(`${journal.path}/ended`, '', { mode: 0o600 });
}

async function fetchSpool(
  container: Container,
  journal: CallJournal,
  { channel, maxBytes }: { readonly channel: Channel; readonly maxBytes: number },
): Promise<void> {
  const of = channel === 'stdout' ? 'out' : 'err';
  const argv = ['/bin/sh', '-c', SPOOLED, 'spooled', journal.name, of, String(maxBytes + 1)];
  const process: ContainerProcess = await container.start({ argv, env: {} });
  process.stdin.on('error', () => undefined); // it reads nothing
  const file = await open(journal.spool(channel), 'w', 0o600);
  try {
    await Promise.all([
      eachChunk(process.stdout, chunk => file.write(chunk)),
      eachChunk(process.stderr, () => undefined),
    ]);
  } finally {
    await file.close();
    process.close();
  }
}

async function eachChunk(output: Readable, take: (chunk: Buffer) => unknown): Promise<void> {
  for await (const chunk of output as AsyncIterable<Buffer>) await take(chunk);
}
