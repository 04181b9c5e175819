import { readSandboxConfig } from '../sandbox.config.js';
import type { AgentsConfig } from '../sandbox.config.js';
import { CountedCalls, expectWholeTranscript, outputOf } from '../attempt/counted-calls.fixture.js';
import type { Ground } from '../attempt/ground.fixture.js';

const IN_RUNNERS = { agents: { ...readSandboxConfig({}).agents, place: 'runner' } } satisfies { agents: AgentsConfig };

describe('an agent in a runner', () => {
  let calls: CountedCalls;
  let ground: Ground;
  beforeAll(async () => {
    calls = await CountedCalls.make();
    ground = calls.ground;
  }, 60_000);
  afterAll(() => ground.giveBack());

  it('works as it does in the service', async () => {
    const service = await ground.wiredService(IN_RUNNERS);
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
  });
});
