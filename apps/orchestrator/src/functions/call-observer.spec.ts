import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { StepReady } from '@runledger/contracts';
import type { RecordedEvent } from '@runledger/event-store';
import { ATTRIBUTE, silentTelemetry } from '@runledger/platform';
import { CallObserver } from './call-observer.js';
import type { CallEnd, CallOutcome } from './running-call.js';

const [STARTED, READY] = ['1', '2'].map(digit => `00-${digit.repeat(32)}-${digit.repeat(16)}-01`);
const ended: CallEnd = {
  outcome: 'SUCCESS',
  cancelled: false,
  summary: undefined,
  output: undefined,
  error: undefined,
};
const failed = (code: string): CallEnd => ({ ...ended, outcome: 'ERROR', error: { code, message: 'A secret.' } });

function observed() {
  const lines: object[] = [];
  const note = (fields: object, message: string) => void lines.push({ ...fields, message });
  const exporter = new InMemorySpanExporter();
  const tracer = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }).getTracer('spec');
  const telemetry = { ...silentTelemetry(), tracer };
  const start = { metadata: { traceparent: STARTED } } as unknown as RecordedEvent;
  const store = { readStream: () => Promise.resolve({ events: [start], state: 'active', lastRevision: 0 } as const) };
  const functions = { ticket: () => undefined };
  const log = { info: note, warn: note, error: note };
  const observer = new CallObserver({ telemetry, log, store, functions });
  return { observer, lines, spans: () => exporter.getFinishedSpans(), metrics: () => telemetry.metrics.text() };
}

function ready(name = 'ticket', recordedAt = new Date().toISOString()): RecordedEvent & { data: never } {
  const data = {
    ...{ runId: 'run_1', step: 'open', attempt: 2, profile: 'plain', timeoutMs: 1_000, artifacts: [] },
    ...{ function: { name, input: { title: 'A secret.' } }, readyAt: recordedAt },
  };
  const { type } = StepReady(data);
  return { id: 'e1', type, data, tenant: 'ws', recordedAt, metadata: { traceparent: READY } } as never;
}

describe('the calls of functions', () => {
  it('are counted by function and outcome, and timed', async () => {
    const { observer, metrics } = observed();
    const call = (name: string, end: CallOutcome) =>
      observer.call(ready(name).data, async () => {
        expect(await metrics()).toMatch(/^runledger_function_calls_executing 1$/m);
        return end;
      });
    for (const end of [ended, ended, failed('TRACKER'), failed('INTEGRATION'), 'gone', 'stopped'] as const) {
      expect(await call('ticket', end)).toBe(end);
    }
    await call('ticket', { ...failed('FUNCTION_FAILED'), cancelled: true });
    await call('made-up-by-a-flow', failed('ENVIRONMENT'));
    const text = await metrics();
    const counts = [...text.matchAll(/^runledger_function_calls_total\{function="(.*)",outcome="(.*)"\} (\d)$/gm)];
    expect(counts.map(([, ...of]) => of.join(' '))).toEqual([
      'ticket SUCCESS 2',
      'ticket ERROR 1',
      'ticket BLOCKED 1',
      'ticket GONE 1',
      'ticket STOPPED 1',
      'ticket CANCELLED 1',
      '- BLOCKED 1',
    ]);
    expect(text).toMatch(/^runledger_function_call_duration_seconds_count\{function="ticket"\} 7$/m);
    expect(text).toMatch(/^runledger_function_calls_executing 0$/m);
  });

  it('are said in the log when they fail, with the run and without a word of the function', async () => {
    const { observer, lines } = observed();
    await observer.call(ready().data, () => Promise.resolve(ended));
    await observer.call(ready().data, () => Promise.resolve({ ...failed('FUNCTION_FAILED'), cancelled: true }));
    await observer.call(ready().data, () => Promise.resolve(failed('TRACKER')));
    expect(lines).toEqual([
      {
        ...{ runId: 'run_1', step: 'open', attempt: 2, function: 'ticket', outcome: 'ERROR', code: 'TRACKER' },
        message: 'a function failed; the run says why',
      },
    ]);
  });

  it('are said in the log when they may be repetitions: the step became ready long before', () => {
    const { observer, lines } = observed();
    observer.takenOver(ready());
    expect(lines).toEqual([]);
    observer.takenOver(ready('ticket', new Date(Date.now() - 2_000).toISOString()));
    const line = { runId: 'run_1', step: 'open', attempt: 2, function: 'ticket' };
    expect(lines).toEqual([
      { ...line, message: 'a function is called that may have been called before, with the same key' },
    ]);
  });

  it('are a trace each, which leads to the start of the run and to what made the step ready', async () => {
    const { observer, spans } = observed();
    const event = ready();
    await observer.attempt(event, await observer.causes(event), async () => {
      await observer.call(event.data, () => Promise.resolve(failed('TRACKER')));
    });
    const [call, attempt] = spans();
    expect([call?.name, attempt?.name]).toEqual(['call ticket', 'attempt']);
    expect(attempt?.parentSpanContext).toBeUndefined();
    expect(call?.parentSpanContext?.spanId).toBe(attempt?.spanContext().spanId);
    expect(attempt?.attributes).toEqual({
      [ATTRIBUTE.runId]: 'run_1',
      [ATTRIBUTE.workspaceId]: 'ws',
      [ATTRIBUTE.attemptId]: 'att_1.open.2',
      [ATTRIBUTE.step]: 'open',
      [ATTRIBUTE.attempt]: 2,
    });
    expect(call?.attributes).toEqual({ [ATTRIBUTE.outcome]: 'ERROR' });
    expect(attempt?.links.map(({ context, attributes }) => [context.traceId[0], attributes])).toEqual([
      ['1', { [ATTRIBUTE.link]: 'run started' }],
      ['2', { [ATTRIBUTE.link]: 'step ready' }],
    ]);
    expect(JSON.stringify([call?.attributes, attempt?.attributes])).not.toContain('secret');
  });
});
