import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

interface Bundler {
  readonly bundleFixture: (entry: string, folder: string) => Promise<string>;
}

const ROOT = join(import.meta.dirname, '..', '..', '..', '..');

/** Talks to a broker that answers each request with next to nothing. */
const PROGRAM = `
  import { createServer } from 'node:net';
  import { kafkaClient } from ${JSON.stringify(join(ROOT, 'libs', 'messaging', 'dist', 'kafka', 'kafka-client.js'))};
  const server = createServer(socket => {
    socket.on('error', () => undefined);
    socket.on('data', asked => socket.write(Buffer.concat([Buffer.from([0, 0, 0, 10]), asked.subarray(8, 12), Buffer.alloc(6)])));
  });
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  const client = kafkaClient({ brokers: ['127.0.0.1:' + server.address().port] });
  await client.admin({ retry: { retries: 0 } }).connect();
  console.log('connected');
  setTimeout(() => process.exit(), 50);
`;

describe('the Kafka client', () => {
  const folder = mkdtempSync(join(tmpdir(), 'runledger-kafka-client-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('writes no warning of Node on the screen of an operator, from separate files and from a bundle', async () => {
    const entry = join(folder, 'program.mjs');
    writeFileSync(entry, PROGRAM);
    const { bundleFixture } = (await import(pathToFileURL(join(ROOT, 'scripts', 'bundle.mjs')).href)) as Bundler;
    const bundle = await bundleFixture(entry, join(folder, 'bundle'));
    expect(bundle).not.toBe(entry);
    for (const program of [entry, bundle]) {
      const { stdout, stderr } = await promisify(execFile)(process.execPath, [program]);
      expect([program, stdout, stderr]).toEqual([program, 'connected\n', '']);
    }
  });
});
