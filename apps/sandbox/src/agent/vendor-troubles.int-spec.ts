import type { AgentWork } from '@runledger/contracts';
import { eventually } from '@runledger/testing';
import type { VendorAnswer } from '@runledger/testing';
import { newRunId } from '../attempt/ground.fixture.js';
import { dataOf, KEY, VendorGround, VENDORS } from './vendor-ground.fixture.js';

const overloaded: VendorAnswer = { kind: 'refused', status: 529, code: 'overloaded_error', message: 'Overloaded' };
const refused = (status: number, code: string, message = code, headers = {}): VendorAnswer => ({
  kind: 'refused',
  status,
  code,
  message,
  headers,
});

describe('an agent whose vendor refuses, limits or breaks off', () => {
  let wire: VendorGround;
  let ground: VendorGround['ground'];
  let vendor: VendorGround['vendor'];

  beforeAll(async () => {
    wire = await VendorGround.make();
    ({ ground, vendor } = wire);
  });
  afterAll(() => wire.giveBack());

  describe.each(VENDORS)('%s', provider => {
    const start = (answers: [VendorAnswer, ...VendorAnswer[]]) => wire.start(provider, answers);
    const play = (answers: [VendorAnswer, ...VendorAnswer[]]) => wire.play(provider, answers);

    it('is blocked when the provider refuses the credential, after one request', async () => {
      const { ended, requests } = await play([refused(401, 'authentication_error', `invalid key ${KEY}`)]);
      expect(ended).toMatchObject({ outcome: 'BLOCKED', error: { code: 'auth' } });
      expect(ended.error?.fix).toBeDefined();
      expect(requests).toHaveLength(1);
    });

    it('waits as long as the provider asks when it limits the rate', async () => {
      const begun = Date.now();
      const limited = refused(429, 'rate_limit_error', 'slow down', { 'retry-after': '1' });
      const { ended, events, requests } = await play([limited, { text: 'Hello.' }]);
      expect(ended).toMatchObject({ outcome: 'SUCCESS', summary: 'Hello.' });
      expect(Date.now() - begun).toBeGreaterThanOrEqual(1_000);
      expect(requests).toHaveLength(2);
      expect(dataOf(events, 'InfoRecorded')[0]!.text).toContain('limits the rate');
    });

    it('puts the attempt down for as long as the provider wants to be left alone, and goes on then', async () => {
      const limited = refused(429, 'rate_limit_error', 'slow down', { 'retry-after': '2' });
      const { ended, events, requests } = await play([limited, { text: 'Hello.' }]);
      expect(ended).toMatchObject({ outcome: 'SUCCESS', summary: 'Hello.' });
      expect(requests).toHaveLength(2);
      expect(dataOf(events, 'InfoRecorded')[0]!.text).toContain('is put down');
      expect(dataOf(events, 'AttemptResumed')).toMatchObject([{ cause: 'RESTED' }]);
    });

    it('gives up when it would have to wait longer than anybody waits', async () => {
      const limited = refused(429, 'rate_limit_error', 'slow down', { 'retry-after': '300' });
      const { ended, requests } = await play([limited]);
      expect(ended).toMatchObject({ outcome: 'ERROR', error: { code: 'rate_limited' } });
      expect(requests).toHaveLength(1);
    });

    it('is blocked when the quota is used up, without asking again', async () => {
      const { ended, requests } = await play([refused(429, 'insufficient_quota', 'You exceeded your current quota')]);
      expect(ended).toMatchObject({ outcome: 'BLOCKED', error: { code: 'quota' } });
      expect(requests).toHaveLength(1);
    });

    it('waits a bounded number of times for an overloaded provider', async () => {
      const patient = await play([overloaded, refused(503, 'overloaded_error'), { text: 'Hello.' }]);
      expect(patient.ended).toMatchObject({ outcome: 'SUCCESS' });
      const { ended, requests } = await play([overloaded]);
      expect(ended).toMatchObject({ outcome: 'ERROR', error: { code: 'overloaded' } });
      expect(requests).toHaveLength(3);
    });

    it('says that the conversation is too long for the model', async () => {
      const answer =
        provider === 'anthropic'
          ? refused(400, 'invalid_request_error', 'prompt is too long: 200001 tokens > 200000 maximum')
          : refused(400, 'context_length_exceeded', 'Please reduce the length of the messages.');
      const { ended, requests } = await play([answer]);
      expect(ended).toMatchObject({ outcome: 'ERROR', error: { code: 'context_overflow' } });
      expect(requests).toHaveLength(1);
    });

    it('reports what else the provider refuses, without asking again', async () => {
      const { ended, requests } = await play([refused(400, 'invalid_request_error', 'temperature is odd')]);
      expect(ended).toMatchObject({ outcome: 'ERROR', error: { code: 'provider_refused' } });
      expect(requests).toHaveLength(1);
    });

    it('sends its key to nobody else: a redirect is told, and not followed', async () => {
      const moved = refused(307, 'moved', 'Moved', { location: `${vendor.url}/elsewhere?key=${KEY}` });
      const { ended, requests } = await play([moved]);
      expect(ended).toMatchObject({ outcome: 'ERROR', error: { code: 'provider_refused' } });
      expect(ended.error?.message).toContain(`${vendor.url}/elsewhere (307)`);
      expect(requests).toHaveLength(1);
    });

    it('asks again when the provider breaks down in the middle of an answer', async () => {
      const broken: VendorAnswer = {
        text: 'Hello, this is a longer answer.',
        breakOff: { afterFrames: 4, how: 'error-event' },
      };
      const { ended, requests } = await play([broken, { text: 'Hello.' }]);
      expect(ended).toMatchObject({ outcome: 'SUCCESS', summary: 'Hello.' });
      expect(requests).toHaveLength(2);
    });

    it.each(['reset', 'close'] as const)('asks again when the connection is lost (%s), a few times', async how => {
      const broken: VendorAnswer = { text: 'Hello, this is a longer answer.', breakOff: { afterFrames: 4, how } };
      const { ended, events, requests } = await play([broken]);
      expect(ended).toMatchObject({ outcome: 'ERROR', error: { code: 'connection_lost' } });
      expect(requests).toHaveLength(3);
      const entries = new Set(dataOf(events, 'AgentText').map(({ entryId }) => entryId));
      expect(entries.size).toBe(3);
      if (provider === 'anthropic') expect(dataOf(events, 'UsageRecorded').length).toBe(4);
    });

    it.each<[string, VendorAnswer]>([
      ['accepts and never answers', { kind: 'silent' }],
      ['stops speaking', { text: 'Hello, this is a longer answer.', breakOff: { afterFrames: 4, how: 'stall' } }],
    ])('does not wait for ever for a provider that %s', async (_how, answer) => {
      const { ended, requests } = await play([answer, { text: 'Hello.' }]);
      expect(ended).toMatchObject({ outcome: 'SUCCESS', summary: 'Hello.' });
      expect(requests[0]!.aborted).toBe(true);
    });

    it('hangs up at once when the run is cancelled, and still counts what is known of the call', async () => {
      const { ready, model } = await start([
        { text: 'word '.repeat(500), frameDelayMs: 5, usage: { input: 77, output: 500 } },
      ]);
      await eventually(async () => dataOf(await ground.transcript(ready), 'AgentText').length > 0);
      await ground.cancel(ready.runId, 'GRACEFUL');
      expect(await ground.end(ready)).toMatchObject({ outcome: 'ERROR', cancelled: true });
      await eventually(() => vendor.requestsFor(model)[0]!.aborted);
      const usage = dataOf(await ground.transcript(ready), 'UsageRecorded').filter(
        ({ usage: { kind } }) => kind === 'model',
      );
      if (provider === 'anthropic') expect(usage[0]!.usage).toMatchObject({ inputTokens: 77 });
    });
  });

  it('says why a provider cannot be reached', async () => {
    const agent: AgentWork = { provider: 'openai-compatible', connection: 'gone', model: 'any', prompt: 'Hello?' };
    const ended = await ground.end(await ground.ready({ runId: newRunId(), agent }));
    expect(ended).toMatchObject({ outcome: 'ERROR', error: { code: 'connection_lost' } });
    expect(ended.error?.message).toContain('ECONNREFUSED');
  });

  it('says that the context is full when Anthropic stops for it', async () => {
    vendor.answers('full', { text: 'I was', stop: 'context_window' });
    const agent: AgentWork = { provider: 'anthropic', model: 'full', prompt: 'Go on.' };
    const ended = await ground.end(await ground.ready({ runId: newRunId(), agent }));
    expect(ended).toMatchObject({ outcome: 'ERROR', error: { code: 'context_overflow' } });
  });
});
