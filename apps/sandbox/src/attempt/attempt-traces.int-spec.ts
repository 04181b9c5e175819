import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import type { AgentWork, AttemptEvent } from '@runledger/contracts';
import { Metrics } from '@runledger/platform';
import type { Telemetry } from '@runledger/platform';
import { eventually } from '@runledger/testing';
import { testProfile } from '../driver/sandbox.fixture.js';
import { Ground, newRunId } from './ground.fixture.js';

const STARTED = '0af7651916cd43dd8448eb211c80319c';
const READY = '1bf7651916cd43dd8448eb211c80319d';
const at = (traceId: string) => `00-${traceId}-b7ad6b7169203331-01`;

/** Telemetry of one process, and what it has recorded. */
class Recorder implements Telemetry {
  readonly metrics = new Metrics();
  readonly #exporter = new InMemorySpanExporter();
  readonly tracer = new TracerProvider({
    spanProcessors: [new SimpleSpanProcessor({ exporter: this.#exporter })],
  }).getTracer('spec');

  /** Spans of the attempt's trace, in the order in which they ended. */
  spans(): readonly ReadableSpan[] {
    const all = this.#exporter.getFinishedSpans();
    const attempt = all.find(({ name }) => name === 'attempt');
    return all.filter(span => span.spanContext().traceId === attempt?.spanContext().traceId);
  }

  span(name: string): ReadableSpan {
    const found = this.spans().find(span => span.name === name);
    if (!found) throw new Error(`No span ${name}.`);
    return found;
  }
}

describe('the trace of an attempt', () => {
  let ground: Ground;
  beforeAll(async () => {
    ground = await Ground.make();
    await ground.publishProfile(testProfile());
  });
  afterAll(() => ground.giveBack());

  async function begin(agent: Partial<AgentWork>) {
    const runId = newRunId();
    ground.traceparent = at(STARTED);
    await ground.publish(runId, ...started(runId));
    ground.traceparent = at(READY);
    const work = { provider: 'scripted', model: 'scripted-1', prompt: 'A secret wish.', ...agent } as const;
    return ground.ready({ runId, agent: work });
  }

  it('has calls of the model and of tools in it, and links to what caused it', async () => {
    const recorder = new Recorder();
    const service = await ground.wiredService({}, {}, recorder);
    const ready = await begin({
      script: [
        { text: 'A secret thought.', tools: [{ name: 'bash', arguments: { command: 'echo secret' } }] },
        { tools: [{ name: 'bash', arguments: { command: 'exit 3' } }] },
        { text: 'Done.' },
      ],
    });
    await ground.end(ready);
    await eventually(() => expect(recorder.span('attempt').ended).toBe(true));
    await service.stop();
    const attempt = recorder.span('attempt');
    expect(attempt.parentSpanContext).toBeUndefined();
    expect(attempt.links.map(({ context, attributes }) => [context.traceId, attributes?.['runledger.link']])).toEqual([
      [STARTED, 'run started'],
      [READY, 'step ready'],
    ]);
    expect(attempt.attributes).toMatchObject({
      'runledger.run.id': ready.runId,
      'runledger.step': 'work',
      'runledger.attempt': 1,
      'runledger.outcome': 'SUCCESS',
    });
    const inside = recorder.spans().filter(({ name }) => /^(chat|execute_tool)/.test(name));
    expect(inside.map(({ name }) => name)).toEqual([
      'chat scripted-1',
      'execute_tool bash',
      'chat scripted-1',
      'execute_tool bash',
      'chat scripted-1',
    ]);
    for (const span of inside) expect(span.parentSpanContext?.spanId).toBe(attempt.spanContext().spanId);
    expect(inside[0]?.attributes).toMatchObject({
      'gen_ai.operation.name': 'chat',
      'gen_ai.system': 'scripted',
      'gen_ai.request.model': 'scripted-1',
    });
    expect(inside[3]?.attributes).toMatchObject({ 'gen_ai.tool.name': 'bash', 'error.type': 'COMMAND_FAILED' });
    const told = recorder.spans().map(({ name, attributes, events, status }) => [name, attributes, events, status]);
    expect(JSON.stringify(told)).not.toMatch(/secret|wish|thought|echo/);
  });

  it('is counted by outcome', async () => {
    const recorder = new Recorder();
    const service = await ground.wiredService({}, {}, recorder);
    await ground.end(await begin({ script: [{ text: 'Done.' }] }));
    await eventually(async () => {
      const text = await recorder.metrics.text();
      expect(text).toMatch(/^runledger_attempts_started_total\{how="started"\} 1$/m);
      expect(text).toMatch(/^runledger_attempts_ended_total\{outcome="SUCCESS"\} 1$/m);
      expect(text).toMatch(/^runledger_attempts_executing 0$/m);
      expect(text).toMatch(
        /^runledger_model_call_duration_seconds_count\{provider="scripted",outcome="finished"\} 1$/m,
      );
    });
    await service.stop();
  });

  it('goes on when another worker takes the attempt up', async () => {
    const [first, second] = [new Recorder(), new Recorder()];
    const service = await ground.wiredService({}, {}, first);
    const ready = await begin({
      script: [{ tools: [{ name: 'bash', arguments: { command: 'sleep 2' } }] }, { text: 'Done.' }],
    });
    const has = async (type: AttemptEvent['type']) =>
      (await ground.transcript(ready)).some(event => event.type === type);
    await eventually(() => has('ToolCallStarted'));
    await service.stop();
    const successor = await ground.wiredService({}, {}, second);
    await ground.end(ready);
    await eventually(() => expect(second.span('attempt').ended).toBe(true));
    await successor.stop();
    const [before, after] = [first.span('attempt'), second.span('attempt')];
    expect(after.spanContext().traceId).toBe(before.spanContext().traceId);
    expect(before.attributes['runledger.attempt.epoch']).toBe(1);
    expect(after.attributes['runledger.attempt.epoch']).toBe(2);
    expect(await second.metrics.text()).toMatch(/^runledger_attempts_started_total\{how="resumed"\} 1$/m);
  });
});

/** Something that stands before the step in the stream of its run. */
function started(runId: string) {
  const requested = {
    runId,
    mode: 'GRACEFUL',
    by: { kind: 'member', id: 'mem_1' },
    requestedAt: '2026-01-01T00:00:00.000Z',
  };
  return [{ type: 'RunCancelRequested', data: requested }];
}
