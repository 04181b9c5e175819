import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FlowReaders } from './flow-readers.js';

const SMALL = 'slug: small\nsteps: [{ key: a, run: "true" }]';
const LARGE = `slug: large\n# ${'x'.repeat(9_000)}\nsteps: [{ key: a, run: "true" }]`;

describe('flow documents', () => {
  const directory = mkdtempSync(join(tmpdir(), 'runledger-readers-'));
  afterAll(() => rmSync(directory, { recursive: true }));

  /** A thread that stands in for the compiled one, which is tried out with the whole platform. */
  function program(name: string, body: string): string {
    const path = join(directory, `${name}.mjs`);
    writeFileSync(path, `import { parentPort } from 'node:worker_threads';\n${body}`);
    return path;
  }

  it('are read at once when they are small, and in a thread when they are large', async () => {
    const answers = `parentPort.on('message', () => parentPort.postMessage('{"problems":[{"message":"from the thread"}]}'));`;
    const readers = new FlowReaders(program('answers', answers));
    expect(await readers.read({ source: SMALL, format: undefined })).toMatchObject({ flow: { slug: 'small' } });
    const both = Array.from({ length: 2 }, () => readers.read({ source: LARGE, format: undefined }));
    expect(await Promise.all(both)).toEqual(Array(2).fill({ problems: [{ message: 'from the thread' }] }));
    readers.close();
  });

  it('may be published again when the thread has died of one', async () => {
    const dies = `parentPort.on('message', ({ format }) => { if (format) process.exit(3); parentPort.postMessage('{"problems":[]}'); });`;
    const readers = new FlowReaders(program('dies', dies));
    await expect(readers.read({ source: LARGE, format: 'yaml' })).rejects.toMatchObject({ code: 'FLOW_READER_LOST' });
    expect(await readers.read({ source: LARGE, format: undefined })).toEqual({ problems: [] });
    readers.close();
  });
});
