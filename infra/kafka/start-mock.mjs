import { startGuarded } from './guarded.mjs';
import { setTimeout as delay } from 'node:timers/promises';

const START_LIMIT_MS = 10_000;

/**
 * The mock cluster inside kcat's Kafka library: producing and consuming work, nothing is kept, and topics come into being by
 * themselves with four partitions, which the relay refuses. For a look at what a client sends, never for a proof.
 */
export async function startMock() {
  const args = ['-P', '-t', 'runledger', '-b', '127.0.0.1:1', '-X', 'test.mock.num.brokers=1', '-d', 'mock'];
  const kcat = startGuarded('kcat', args);
  const deadline = Date.now() + START_LIMIT_MS;
  for (;;) {
    const [, brokers] = /bootstrap\.servers=([\d.:,]+)/.exec(kcat.output()) ?? [];
    if (brokers)
      return {
        brokers: brokers.split(','),
        served: "kcat's mock cluster, which the relay cannot use,",
        ended: kcat.ended,
        stop: kcat.stop,
      };
    if (Date.now() > deadline) {
      await kcat.stop();
      throw new Error(`kcat did not start its mock cluster. It said:\n${kcat.output()}`);
    }
    await delay(50);
  }
}
