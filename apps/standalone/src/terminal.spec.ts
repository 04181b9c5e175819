import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { followRuns } from './terminal.js';

const NOTHING = JSON.stringify({ data: { runs: { nodes: [] } } });

describe('who watches runs for the terminal', () => {
  it('waits for a gateway that is being replaced', async () => {
    let asked = 0;
    const gateway = createServer((_request, response) => {
      asked += 1;
      if (asked === 1) return response.destroy();
      return response.setHeader('content-type', 'application/json').end(NOTHING);
    }).listen(0, '127.0.0.1');
    await once(gateway, 'listening');
    const url = `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`;
    try {
      await followRuns({ url, token: 'rl_x' }, new AbortController().signal);
      expect(asked).toBe(2);
    } finally {
      gateway.close();
    }
  });

  it('ends with the platform, though nobody answers', async () => {
    const ending = new AbortController();
    const following = followRuns({ url: 'http://127.0.0.1:1', token: 'rl_x' }, ending.signal);
    await delay(100);
    ending.abort();
    await following;
  });
});
