import type { RecordedEvent } from '@runledger/event-store';
import type { ConsumerStatus } from '@runledger/messaging';
import { Metrics } from '../metrics/metrics.js';
import { showConsumers } from './consumer-metrics.js';
import { Consumers } from './consumers.js';
import { HealthRoutes } from './health-routes.js';
import { Readiness } from './readiness.js';

const TEN_SECONDS_AGO = new Date(Date.now() - 10_000).toISOString();
const looks: bigint[] = [];
/** A log whose head is 40 and whose events are ten seconds old. */
const log = {
  head: () => Promise.resolve(40n),
  readAll: ({ after }: { readonly after: bigint }) => {
    looks.push(after);
    const events = [{ recordedAt: TEN_SECONDS_AGO } as RecordedEvent];
    return Promise.resolve({ events, scannedTo: after + 1n, caughtUp: false });
  },
};
const live: ConsumerStatus = { name: 'runs', state: 'live', position: 40n };
const behind: ConsumerStatus = { name: 'usage', state: 'catching-up', position: 30n };
const fault = { position: 12n, eventType: 'RunStarted', code: 'UNKNOWN_EVENT', message: 'the prompt was: secret' };
const stopped: ConsumerStatus = { name: 'flows', state: 'faulted', position: 11n, fault };

function consumers(): Consumers {
  const known = new Consumers(log);
  known.add('projection', () => [live, stopped]);
  known.add('reactor', () => [behind]);
  return known;
}

async function ready(known: Consumers, readiness = new Readiness()) {
  const answer = { status: 0, body: {} as Record<string, unknown> };
  const reply = {
    status: (code: number) => Object.assign(reply, { code: (answer.status = code) }),
    header: () => reply,
    send: (body: unknown) => (answer.body = body as Record<string, unknown>),
  };
  await new HealthRoutes(readiness, known).ready(reply);
  return answer;
}

describe('what reads the log in a process', () => {
  it('is reported with how far it is behind, in positions and in seconds', async () => {
    const reports = await consumers().report();
    const shown = reports.map(({ kind, status, lag, lagSeconds }) => [kind, status.name, lag, Math.floor(lagSeconds)]);
    expect(shown).toEqual([
      ['projection', 'runs', 0n, 0],
      ['projection', 'flows', 29n, 10],
      ['reactor', 'usage', 10n, 10],
    ]);
  });

  it('is shown on the health page by state, position, lag and kind of failure, without a word of any event', async () => {
    const { status, body } = await ready(consumers());
    expect(status).toBe(200);
    expect(body).toMatchObject({
      projections: [
        { name: 'runs', state: 'live', position: '40', lag: '0', lagSeconds: 0 },
        {
          name: 'flows',
          state: 'faulted',
          position: '11',
          lag: '29',
          fault: { position: '12', code: 'UNKNOWN_EVENT' },
        },
      ],
      reactors: [{ name: 'usage', state: 'catching-up', position: '30', lag: '10' }],
      relays: [],
    });
    expect(JSON.stringify(body)).not.toContain('secret');
  });

  it('is shown without its lag while the log cannot be read', async () => {
    const known = new Consumers({ ...log, head: () => Promise.reject(new Error('connection refused')) });
    known.add('reactor', () => [behind]);
    expect((await ready(known)).body).toMatchObject({
      reactors: [{ name: 'usage', state: 'catching-up', position: '30' }],
    });
  });

  it('is measured: state, position and lag of each', async () => {
    const metrics = new Metrics();
    showConsumers(consumers(), metrics);
    const text = await metrics.text();
    expect(text).toContain('runledger_consumer_position{kind="reactor",consumer="usage"} 30');
    expect(text).toContain('runledger_consumer_lag_positions{kind="reactor",consumer="usage"} 10');
    expect(text).toContain('runledger_consumer_lag_positions{kind="projection",consumer="runs"} 0');
    expect(text).toContain('runledger_consumer_state{kind="projection",consumer="flows",state="faulted"} 1');
    expect(text).toContain('runledger_consumer_state{kind="projection",consumer="flows",state="live"} 0');
  });

  it('costs the log one look however many ask at once', async () => {
    looks.length = 0;
    const known = consumers();
    await Promise.all([known.report(), known.report(), known.report()]);
    expect(looks.sort()).toEqual([11n, 30n]);
  });
});

describe('a process that stops', () => {
  it('is not ready any more, before anything has closed', async () => {
    const readiness = new Readiness();
    readiness.add('store', () => ({ ok: true }));
    expect((await ready(consumers(), readiness)).status).toBe(200);
    readiness.end();
    const { status, body } = await ready(consumers(), readiness);
    expect(status).toBe(503);
    expect(body).toMatchObject({ status: 'not-ready', checks: { store: { ok: true }, process: { ok: false } } });
  });
});
