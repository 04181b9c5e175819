import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { silentTelemetry } from '@runledger/platform';
import { readSandboxConfig } from '../sandbox.config.js';
import type { AgentsConfig } from '../sandbox.config.js';
import { CountedCalls, expectWholeTranscript, outputOf } from '../attempt/counted-calls.fixture.js';
import type { Ground } from '../attempt/ground.fixture.js';

const IN_RUNNERS = { agents: { ...readSandboxConfig({}).agents, place: 'runner' } } satisfies { agents: AgentsConfig };

describe('an agent in a runner', () => {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  let calls: CountedCalls;
  let ground: Ground;
  beforeAll(async () => {
    calls = await CountedCalls.make();
    ground = calls.ground;
  });
  afterAll(() => ground.giveBack());

  it('works as it does in the service', async () => {
    const telemetry = { ...silentTelemetry(), tracer: provider.getTracer('spec') };
    const service = await ground.wiredService(IN_RUNNERS, {}, telemetry);
    const ready = await calls.begin(count => ({
      agent: {
        provider: 'scripted',
        model: 'm',
        prompt: 'Count.',
        script: [
          { text: 'I count.', tools: [{ name: 'bash', arguments: { command: `${count('one')}; echo said` } }] },
          { text: 'Done.' },
        ],
      },
    }));
    expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS', turns: 2, summary: 'Done.' });
    await service.stop();
    const events = await ground.transcript(ready);
    expectWholeTranscript(events);
    expect(outputOf(events, 'work.1.t1.1')).toBe('said\n');
    expect(calls.counts(ready)).toEqual({ one: 1 });
    const attempt = exporter.getFinishedSpans().find(({ name }) => name === 'attempt');
    const inside = exporter.getFinishedSpans().filter(({ name }) => /^(chat|execute_tool)/.test(name));
    expect(inside.map(({ name }) => name)).toEqual(['chat m', 'execute_tool bash', 'chat m']);
    for (const span of inside) expect(span.parentSpanContext?.spanId).toBe(attempt?.spanContext().spanId);
    expect(await telemetry.metrics.text()).toMatch(
      /^runledger_model_call_duration_seconds_count\{provider="scripted",outcome="finished"\} 2$/m,
    );
  });

  it('has a runner of its own, also when several begin at the same moment', async () => {
    const service = await ground.wiredService(IN_RUNNERS);
    const script = [{ text: 'Done.' }];
    const one = () => calls.begin(() => ({ agent: { provider: 'scripted', model: 'm', prompt: 'Go.', script } }));
    // The first of them leaves a spare behind that is still starting when the next ones want it.
    const ends = [];
    for (let n = 0; n < 12; n += 1) ends.push(one().then(ready => ground.end(ready)));
    expect((await Promise.all(ends)).map(({ outcome }) => outcome)).toEqual(Array.from(ends, () => 'SUCCESS'));
    await service.stop();
  });

  it('loads what few agents need when one needs it', async () => {
    const service = await ground.wiredService(IN_RUNNERS);
    const mcpServers = [{ name: 'absent', command: ['no-such-program'] }];
    const script = [{ text: 'Never.' }];
    const ready = await calls.begin(() => ({
      agent: { provider: 'scripted', model: 'm', prompt: 'Go.', script, mcpServers },
    }));
    expect(await ground.end(ready)).toMatchObject({ outcome: 'BLOCKED', error: { code: 'INTEGRATION' } });
    await service.stop();
  });
});
