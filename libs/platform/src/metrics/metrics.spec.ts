import { METRICS } from './metric-catalogue.js';
import { boundCounter } from './bound-labels.js';
import { Metrics } from './metrics.js';

describe('the metrics of a process', () => {
  it('are named after the platform, explained in a sentence, and carry the unit in the name', () => {
    const names = Object.values(METRICS).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, help, kind } of Object.values(METRICS)) {
      expect(name).toMatch(/^runledger_[a-z_]+$/);
      expect(help).toMatch(/^\S.{15,}\.$/);
      expect(name.endsWith('_total')).toBe(kind === 'counter');
      if (kind === 'histogram') expect(name).toMatch(/_seconds$/);
    }
  });

  it('have labels with few values only: no id, and nothing that people write', () => {
    const labels = new Set(Object.values(METRICS).flatMap(metric => [...metric.labels]));
    expect([...labels].sort()).toEqual([
      'code',
      'command',
      'consumer',
      'function',
      'how',
      'kind',
      'method',
      'outcome',
      'part',
      'provider',
      'queue',
      'route',
      'state',
      'status',
      'timer',
      'type',
      'way',
    ]);
  });

  it('count for themselves: a second process in the same program starts at nothing', async () => {
    const [one, other] = [new Metrics({ service: 'one' }), new Metrics({ service: 'other' })];
    const outcomes = boundCounter(one.counter('appends'), 'outcome');
    outcomes.of('appended').inc();
    outcomes.of('appended').inc();
    other.counter('appends').inc({ outcome: 'conflict' });
    expect(await one.text()).toContain('runledger_appends_total{outcome="appended",service="one"} 2');
    expect(await other.text()).not.toContain('appended');
  });

  it('ask for what is so now when they are read', async () => {
    const metrics = new Metrics();
    let open = 3;
    const end = metrics.sample('queue', () => metrics.gauge('attemptsWaiting').set(open));
    expect(await metrics.text()).toContain('runledger_attempts_waiting 3');
    open = 4;
    expect(await metrics.text()).toContain('runledger_attempts_waiting 4');
    expect(() => metrics.sample('queue', () => undefined)).toThrow(/Two samplers/);
    end();
    metrics.sample('queue', () => undefined);
  });

  it('are served without what cannot be asked for, and say that it is missing', async () => {
    const metrics = new Metrics();
    metrics.sample('log-head', () => Promise.reject(new Error('connection refused')));
    metrics.sample('sockets', () => metrics.gauge('socketsOpen').set(7));
    const text = await metrics.text();
    expect(text).toContain('runledger_graphql_sockets_open 7');
    expect(text).toContain('runledger_metrics_sample_failures_total{part="log-head"} 1');
    expect(text).not.toContain('connection refused');
  });
});
