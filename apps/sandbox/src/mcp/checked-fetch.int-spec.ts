import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { EgressPolicy } from '../egress/egress-policy.js';
import { RedirectRefusedError } from '../http/http-faults.js';
import { checkedFetch } from './checked-fetch.js';
import type { CheckedFetch } from './checked-fetch.js';

describe('the address of an MCP server', () => {
  let server: Server;
  let port: number;
  const heard: string[] = [];
  beforeAll(async () => {
    server = createServer((request, response) => {
      heard.push(`${request.method} ${request.headers.host}${request.url}`);
      if (request.url === '/open') return void response.write('first');
      if (request.url === '/moved') response.writeHead(307, { location: `http://127.0.0.1:${port}/elsewhere` });
      response.end('heard');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  });
  beforeEach(() => heard.splice(0));
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const reach = async (address: string, found: readonly string[][] = [['127.0.0.1']]) => {
    const answers = [...found];
    const rules = { hosts: [], privateNetworks: ['127.0.0.0/8'] };
    return checkedFetch(address, new EgressPolicy(rules, () => Promise.resolve(answers.shift() ?? ['10.0.0.1'])));
  };
  const reached = async (address: string): Promise<CheckedFetch> => {
    const checked = await reach(address);
    if ('refused' in checked) throw new Error(checked.refused);
    return checked;
  };

  it('HOSTILE: is connected to where its name led when it was checked, each time', async () => {
    const checked = await reached(`http://rebound.test:${port}/`);
    for (const path of ['/one', '/two']) {
      const answer = await checked.fetch(`http://rebound.test:${port}${path}`, { method: 'POST', body: '{}' });
      expect(await answer.text()).toBe('heard');
    }
    checked.close();
    expect(heard).toEqual([`POST rebound.test:${port}/one`, `POST rebound.test:${port}/two`]);
  });

  it('HOSTILE: is the only one that is asked, also when it sends on to another', async () => {
    const checked = await reached(`http://rebound.test:${port}/`);
    await expect(checked.fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow(`is not http://rebound.test:${port}`);
    const moved = checked.fetch(`http://rebound.test:${port}/moved`, { redirect: 'manual' });
    await expect(moved).rejects.toBeInstanceOf(RedirectRefusedError);
    checked.close();
    expect(heard).toEqual([`GET rebound.test:${port}/moved`]);
  });

  it('HOSTILE: is refused where nothing may connect, and where something else than HTTP is spoken', async () => {
    expect(await reach('http://inside.test/', [['10.0.0.1']])).toMatchObject({
      refused: expect.stringContaining('not a public'),
    });
    expect(await reach('http://mail.test:25/')).toEqual({ refused: 'port 25 is for something else than HTTP' });
    expect(heard).toEqual([]);
  });

  it('is left in the middle of an answer when the conversation ends', async () => {
    const checked = await reached(`http://rebound.test:${port}/`);
    const answer = await checked.fetch(`http://rebound.test:${port}/open`);
    const reader = answer.body!.getReader();
    expect(Buffer.from((await reader.read()).value!).toString()).toBe('first');
    checked.close();
    await expect(reader.read()).rejects.toMatchObject({ code: 'ECONNRESET' });
  });
});
