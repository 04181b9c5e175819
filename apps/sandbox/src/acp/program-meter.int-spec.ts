import { eventually } from '@runledger/testing';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AttemptEntry } from '../attempt/attempt.decider.js';
import { emptyHistory } from '../attempt/attempt-history.js';
import type { PlannedCall, Reservation } from '../attempt/budget.js';
import { AttemptPausedError } from '../attempt/stop-switch.js';
import { Transcript } from '../attempt/transcript.js';
import { loopbackRelay } from '../egress/key-relays.js';
import type { Relay } from '../egress/key-relays.js';
import { ProgramMeter } from './program-meter.js';

const place = { attemptId: 'att_1.work.1', runId: 'run_1', step: 'work', attempt: 1 };
const started = { type: 'message_start', message: { usage: { input_tokens: 100, output_tokens: 1 } } };

describe('the calls of a model that a program makes through its relay', () => {
  let vendor: Server;
  let relay: Relay;
  let meter: ProgramMeter;
  let answer: (response: ServerResponse) => void;
  let reservation: Reservation;
  const asked: { readonly url: string | undefined; readonly headers: object }[] = [];
  const reserved: PlannedCall[] = [];
  const released: string[] = [];
  const entries: AttemptEntry[] = [];
  const left: unknown[] = [];

  beforeEach(async () => {
    [asked, reserved, released, entries, left].forEach(list => list.splice(0));
    reservation = { granted: true };
    vendor = createServer((request, response) => {
      asked.push({ url: request.url, headers: request.headers });
      request.resume().once('end', () => answer(response));
    }).listen(0, '127.0.0.1');
    await once(vendor, 'listening');
    const sink = {
      record: (batch: readonly AttemptEntry[]) => Promise.resolve(void entries.push(...batch)),
      end: () => Promise.resolve(),
      close: () => undefined,
    };
    const clock = { now: () => '2026-11-21T10:00:00.000Z' };
    const budget = {
      reserve: (call: PlannedCall) => Promise.resolve((reserved.push(call), reservation)),
      release: (callId: string) => Promise.resolve(void released.push(callId)),
    };
    const run = { budget, history: emptyHistory(), transcript: new Transcript(sink, clock, { worker: 'spec', place }) };
    meter = new ProgramMeter({ run, provider: 'anthropic' });
    meter.onLeave = error => void left.push(error);
    const baseUrl = `http://127.0.0.1:${(vendor.address() as AddressInfo).port}`;
    relay = await loopbackRelay({ baseUrl, headers: { 'x-api-key': 'sk' }, meter }, () => undefined);
  });
  afterEach(async () => {
    await relay.close();
    vendor.closeAllConnections();
    vendor.close();
  });

  const ask = (path = '/v1/messages', signal?: AbortSignal) =>
    fetch(`${relay.url}${path}`, {
      method: 'POST',
      body: JSON.stringify({ model: 'sonnet', max_tokens: 50, messages: [] }),
      ...(signal && { signal }),
    });
  const usageOf = () => entries.flatMap(entry => (entry.type === 'UsageRecorded' ? [entry.data] : []))[0];
  const used = () => eventually(() => Promise.resolve(usageOf() ?? false));
  const stream = (response: ServerResponse) =>
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(`data: ${JSON.stringify(started)}\n\n`);

  it('are set aside before they go out, and counted by what their answers say', async () => {
    answer = response => {
      stream(response);
      response.end(`data: ${JSON.stringify({ type: 'message_delta', usage: { output_tokens: 20 } })}\n\n`);
    };
    expect(await (await ask()).text()).toContain('message_delta');
    expect(reserved).toMatchObject([
      { callId: 'att_1.work.1.relay.e0.1', provider: 'anthropic', model: 'sonnet', maxOutputTokens: 50 },
    ]);
    expect(await used()).toMatchObject({
      usageId: 'att_1.work.1.relay.e0.1',
      usage: { provider: 'anthropic', model: 'sonnet', inputTokens: 100, outputTokens: 20 },
    });
    await meter.close();
  });

  it('are billed for what was told when they break off in the middle', async () => {
    answer = response => void stream(response);
    const over = new AbortController();
    const response = await ask('/v1/messages', over.signal);
    await response.body!.getReader().read();
    over.abort();
    expect(await used()).toMatchObject({ usage: { inputTokens: 100, outputTokens: 1 } });
    expect(released).toEqual([]);
  });

  it('are recorded as unknown when the vendor does not say what they used, so that budgets count what was set aside', async () => {
    answer = response => void response.writeHead(200, { 'content-type': 'application/json' }).end('{"content":[]}');
    await (await ask()).text();
    expect(await used()).toMatchObject({ usage: { model: 'sonnet', inputTokens: 0, outputTokens: 0 } });
    expect(released).toEqual([]);
  });

  it('give back what was set aside when the vendor says no', async () => {
    answer = response => void response.writeHead(429).end('{}');
    expect((await ask()).status).toBe(429);
    await eventually(() => Promise.resolve(released.length > 0));
    expect(released).toEqual(['att_1.work.1.relay.e0.1']);
  });

  it('are not made when there is no room: the program hears why, and is ended until there is', async () => {
    reservation = { granted: false, reason: 'The next call may cost 2 USD, and 1 USD is left.' };
    const refused = await ask();
    expect([refused.status, await refused.json()]).toEqual([
      402,
      expect.objectContaining({ error: expect.objectContaining({ type: 'budget_exhausted' }) as object }),
    ]);
    expect(left).toEqual([expect.any(AttemptPausedError)]);
    expect(asked).toEqual([]);
  });

  it('HOSTILE: are the only ones: what cannot be counted does not go out', async () => {
    for (const path of ['/v1/messages/batches', '/v1/x/..%2fmessages', '/v1/embeddings'])
      expect((await ask(path)).status).toBe(403);
    const packed = await fetch(`${relay.url}/v1/messages`, {
      method: 'POST',
      body: 'x',
      headers: { 'content-encoding': 'gzip' },
    });
    expect(packed.status).toBe(413);
    expect(asked).toEqual([]);
    expect(reserved).toEqual([]);
  });
});
