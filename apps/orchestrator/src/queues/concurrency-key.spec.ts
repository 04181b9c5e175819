import type { FlowDefinition } from '@runledger/contracts';
import { readFlow } from '../flows/read-flow.js';
import { concurrencyOf, queueStream } from './concurrency-key.js';

function flowWith(concurrency: string): FlowDefinition {
  const reading = readFlow(`
slug: deploy
parameters: { target: {} }
${concurrency}
steps: [{ key: s, command: { run: 'true' } }]`);
  if ('problems' in reading) throw new Error(JSON.stringify(reading.problems));
  return reading.flow;
}
const subject = { kind: 'ticket', id: 'T-1', context: { team: 'core' } };

describe('the concurrency key of a run', () => {
  it('is none where its flow has no rule', () => {
    expect(concurrencyOf(flowWith(''), { parameters: {}, subject: undefined })).toEqual({});
  });

  it('is filled in with parameters and what the run is about', () => {
    const flow = flowWith('concurrency: { key: "{{ parameters.target.host }} {{ subject.id }}", policy: SKIP }');
    expect(concurrencyOf(flow, { parameters: { target: { host: 'eu' } }, subject })).toEqual({
      concurrency: { key: 'eu T-1', policy: 'SKIP' },
    });
  });

  it('is cut to what fits into the rule', () => {
    const flow = flowWith('concurrency: { key: "{{ parameters.target }}", policy: QUEUE }');
    const { concurrency } = concurrencyOf(flow, { parameters: { target: `${'x'.repeat(500)}y` }, subject: undefined });
    expect(concurrency?.key).toBe('x'.repeat(500));
  });

  it('names a stream by what it says, whatever is in it', () => {
    expect(queueStream('a / b\n')).toMatch(/^queue-[0-9a-f]{32}$/);
    expect(queueStream('a')).toBe(queueStream('a'));
    expect(queueStream('a')).not.toBe(queueStream('b'));
  });
});
