import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { eventually } from '@runledger/testing';
import { kafkaClient } from './kafka-client.js';
import { TopicReader } from './topic-reader.js';

describe('the reader of a topic whose brokers are away', () => {
  it('says so once, however often it tries, and the client tells of each kind of failure once', async () => {
    const said: { readonly level: string; readonly message: string }[] = [];
    const at = (level: string) => (_: object, message: string) => void said.push({ level, message });
    const log = { info: at('info'), warn: at('warn'), error: at('error') };
    const kafka = kafkaClient({ brokers: [`127.0.0.1:${await portOfNobody()}`], logger: log });
    const ending = new AbortController();
    let [down, messages] = [0, 0];
    const reader = new TopicReader(kafka, {
      ...{ topic: 'log', log, silenceMs: 30_000 },
      onDown: () => void (down += 1),
      onMessages: () => Promise.resolve(void (messages += 1)),
    });
    const running = reader.run(ending.signal);
    await eventually(() => down >= 3, 20_000);
    ending.abort();
    await running;
    expect(messages).toBe(0);
    expect(said.filter(({ level }) => level !== 'info')).toEqual([
      { level: 'warn', message: 'reading the topic failed; it is tried again' },
    ]);
    expect(said).toHaveLength(new Set(said.map(({ message }) => message)).size);
  });
});

/** A port on which somebody has just stopped to listen. */
async function portOfNobody(): Promise<number> {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise(resolve => server.close(resolve));
  return port;
}
