import { createServer } from 'node:http';
import { once } from 'node:events';
import { Api } from './api.mjs';

const declined = (code, retryable) => ({ __typename: 'RunDeclined', code, message: 'Not now.', retryable });

describe('the client of the load test', () => {
  let answers;
  let asked;
  let server;
  let api;
  beforeEach(async () => {
    [answers, asked] = [[], 0];
    server = createServer((_request, response) => {
      asked += 1;
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ data: { result: answers.shift() } }));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    api = new Api(`http://127.0.0.1:${server.address().port}`, 'token');
  });
  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  it('waits and asks again where a start is declined for the moment', async () => {
    answers = [declined('PLATFORM_STARTING', true), { __typename: 'Run', id: 'run_1' }];
    expect(await api.do('mutation { result: startRun }')).toEqual({ __typename: 'Run', id: 'run_1' });
    expect([asked, api.notNow]).toEqual([2, 1]);
  });

  it('reports every other decline at once', async () => {
    answers = [declined('DAILY_RUN_LIMIT', false)];
    await expect(api.do('mutation { result: startRun }')).rejects.toThrow('DAILY_RUN_LIMIT');
    expect([asked, api.notNow]).toEqual([1, 0]);
  });
});
