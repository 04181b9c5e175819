import { createServer, request as requestOver } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RetryableError } from '@runledger/kernel';
import { CommandRegistry } from '../command-registry.js';
import { context, describeCommands, Greet } from '../describe-commands.fixture.js';
import { clientOf, startService } from './service-world.fixture.js';

/** Nobody listens here. */
const NOBODY = 'http://127.0.0.1:12';

describeCommands('over HTTP', async () => {
  const { server, registry, url } = await startService();
  return { registry, client: clientOf([url]), lonely: clientOf([NOBODY]), close: () => server.close() };
});

describe('a service with several replicas', () => {
  const open: { close(): Promise<unknown> }[] = [];
  afterEach(() => Promise.all(open.splice(0).map(one => one.close())));

  const greeted = { status: 'accepted', output: { text: 'hello' }, position: 1n } as const;

  async function replica(): Promise<{ readonly url: string; readonly asked: () => number }> {
    let asked = 0;
    const registry = new CommandRegistry();
    registry.answer(Greet, () => {
      asked += 1;
      return Promise.resolve(greeted);
    });
    const { server, url } = await startService(registry);
    open.push(server);
    return { url, asked: () => asked };
  }

  /** Something else that listens in the place of a replica. */
  async function impostor(listener: RequestListener, onConnection?: () => unknown): Promise<string> {
    const server: Server = createServer(listener);
    if (onConnection) server.on('connection', onConnection);
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    open.push({
      close: () => new Promise(resolve => server.close(resolve) && server.closeAllConnections()),
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  it('answers although some are dead, starting, dying, elsewhere, or so stuck that they never say a word', async () => {
    const { url, asked } = await replica();
    const starting = await impostor((_request, response) => response.writeHead(503).end());
    const stuck = await impostor(() => undefined);
    const dying = await impostor((_request, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('{"outcome":', () => response.destroy());
    });
    const elsewhere = await impostor((request, response) => {
      response.writeHead(308, { location: `${url}${request.url}` }).end();
    });
    const client = clientOf([NOBODY, starting, stuck, dying, elsewhere, url], { tryMs: 150 });
    for (let times = 1; times <= 4; times += 1) {
      expect(await client.send(Greet, { name: 'eve' }, context)).toEqual(greeted);
    }
    expect(asked()).toBe(4);
  });

  it('shares the commands among them', async () => {
    const both = [await replica(), await replica()];
    const client = clientOf(both.map(({ url }) => url));
    for (let times = 1; times <= 6; times += 1) await client.send(Greet, { name: 'eve' }, context);
    expect(both.map(({ asked }) => asked())).toEqual([3, 3]);
  });

  it('is asked over connections that are kept', async () => {
    let connections = 0;
    const { url } = await replica();
    const counted = await impostor(
      (request, response) => {
        const { headers, method, url: path } = request;
        const on = requestOver(`${url}${path}`, { headers, method }, answer => {
          response.writeHead(answer.statusCode ?? 0, { 'content-type': 'application/json' });
          answer.pipe(response);
        });
        request.pipe(on);
      },
      () => (connections += 1),
    );
    const client = clientOf([counted]);
    for (let times = 1; times <= 5; times += 1) {
      expect(await client.send(Greet, { name: 'Éva' }, context)).toEqual(greeted);
    }
    expect(connections).toBe(1);
  });

  it('is waited for while its only one restarts', async () => {
    const { url } = await replica();
    const [server] = open.splice(0);
    await server?.close();
    const sent = clientOf([url], { patienceMs: 10_000 }).send(Greet, { name: 'eve' }, context);
    const registry = new CommandRegistry();
    registry.answer(Greet, () => Promise.resolve(greeted));
    open.push((await startService(registry, Number(new URL(url).port))).server);
    expect(await sent).toEqual(greeted);
  });

  it('that never says a word leaves the caller with an error that is worth a repeat', async () => {
    const stuck = await impostor(() => undefined);
    const sent = clientOf([stuck], { tryMs: 50, deadlineMs: 120, patienceMs: 10_000 }).send(
      Greet,
      { name: 'eve' },
      context,
    );
    await expect(sent).rejects.toThrow(RetryableError);
  });

  it.each([
    ['a page', 200, '<html>'],
    ['nothing', 204, ''],
    ['an outcome of another kind', 200, '{"outcome":{"status":"perhaps"}}'],
    ['an output that does not fit', 200, '{"outcome":{"status":"accepted","output":{"words":1}}}'],
  ])('whose place something else has taken, which answers %s, is no service', async (_what, status, body) => {
    const other = await impostor((_request, response) => response.writeHead(status).end(body));
    await expect(clientOf([other]).send(Greet, { name: 'eve' }, context)).rejects.toMatchObject({
      code: 'STRANGE_ANSWER',
      fields: { service: 'approval', command: 'Greet' },
    });
  });
});
