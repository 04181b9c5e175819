import type { AgentWork, AttemptEvent, OutputContract, ScriptedTurn } from '@runledger/contracts';
import { SandboxGround, testProfile } from '../driver/sandbox.fixture.js';
import { Ground, newRunId } from '../attempt/ground.fixture.js';
import { runAgentStep } from './agent-step.js';
import { DEFAULT_PATIENCE } from './model-patience.js';
import { openModel } from './providers.js';

type Of<Type extends AttemptEvent['type']> = Extract<AttemptEvent, { type: Type }>['data'];

function of<Type extends AttemptEvent['type']>(events: readonly AttemptEvent[], type: Type): Of<Type>[] {
  return events.filter(event => event.type === type).map(event => event.data) as Of<Type>[];
}

describe('an agent step', () => {
  let ground: Ground;
  let sandboxes: SandboxGround;

  beforeAll(async () => {
    ground = await Ground.make();
    sandboxes = new SandboxGround();
    const settings = {
      open: openModel,
      patience: DEFAULT_PATIENCE,
      modelCallMs: 60_000,
    };
    await ground.service({
      work: run => runAgentStep(settings, run, run.attempt.ready.agent!),
      drivers: [sandboxes.driver],
    });
  });
  afterAll(async () => {
    await ground.giveBack();
    await sandboxes.giveBack();
  });

  async function play(script: ScriptedTurn[], more: Partial<AgentWork> = {}, output?: OutputContract) {
    const agent: AgentWork = { provider: 'scripted', model: 'scripted-1', prompt: 'Do it.', script, ...more };
    const ready = await ground.ready({ runId: newRunId(), agent, ...(output && { output }) });
    const ended = await ground.end(ready);
    return { ended, events: await ground.transcript(ready), ready };
  }

  it('really uses its tools and ends with its last words as the summary', async () => {
    const { ended, events } = await play([
      {
        thinking: 'A file first.',
        text: 'I write the file.',
        tools: [{ name: 'write_file', arguments: { path: 'src/a.txt', content: 'one\ntwo\nthree\n' } }],
      },
      { tools: [{ name: 'edit_file', arguments: { path: 'src/a.txt', old_string: 'two', new_string: 'zwei' } }] },
      {
        tools: [
          { name: 'bash', arguments: { command: 'cat src/a.txt | tr a-z A-Z' } },
          { name: 'read_file', arguments: { path: '/workspace/src/a.txt', offset: 2, limit: 1 } },
          { name: 'list_files', arguments: {} },
        ],
      },
      { text: 'The file says ZWEI.' },
    ]);
    expect(ended).toMatchObject({ outcome: 'SUCCESS', turns: 4, summary: 'The file says ZWEI.' });
    expect(of(events, 'ToolCallEnded').map(({ state, output }) => [state, output])).toEqual([
      ['ok', 'Wrote 14 bytes to src/a.txt.\n'],
      ['ok', 'Replaced 1 occurrence in src/a.txt.\n'],
      ['ok', 'ONE\nZWEI\nTHREE\n'],
      ['ok', 'zwei\n[1 more lines; go on with offset 3]\n'],
      ['ok', 'src/\nsrc/a.txt\n'],
    ]);
    expect(of(events, 'ToolCallStarted').map(({ detail }) => detail)).toEqual([
      { kind: 'file', path: 'src/a.txt', content: 'one\ntwo\nthree\n', truncated: false },
      { kind: 'diff', path: 'src/a.txt', diff: '--- a/src/a.txt\n+++ b/src/a.txt\n@@ -1 +1 @@\n-two\n+zwei' },
      undefined,
      undefined,
      undefined,
    ]);
    expect(
      of(events, 'AgentThinking')
        .map(({ text }) => text)
        .join(''),
    ).toBe('A file first.');
    expect(
      of(events, 'AgentText')
        .map(({ text }) => text)
        .join('|'),
    ).toBe('I write the file.|The file says ZWEI.');
  });

  describe('whose flow declares an output', () => {
    const declared: OutputContract = {
      schema: { type: 'object', properties: { verdict: { enum: ['ship', 'wait'] } }, required: ['verdict'] },
      passes: 2,
    };
    const says = (verdict: string) => ({ text: `I looked.\n\`\`\`json\n{ "verdict": "${verdict}" }\n\`\`\`` });

    it('hands it on, and what was said beside it', async () => {
      const { ended } = await play([says('ship')], {}, declared);
      expect(ended).toMatchObject({ outcome: 'SUCCESS', output: { verdict: 'ship' }, summary: 'I looked.' });
    });

    it('is done in part when there is none', async () => {
      const { ended } = await play([{ text: 'I looked.' }], {}, declared);
      expect(ended).toMatchObject({ outcome: 'PARTIAL', error: { code: 'OUTPUT_MISSING' }, summary: 'I looked.' });
      expect(ended).not.toHaveProperty('output');
    });

    it('is sent back with what does not fit, without losing a turn', async () => {
      const { ended, events } = await play([says('maybe'), says('perhaps'), says('wait')], { maxTurns: 1 }, declared);
      expect(ended).toMatchObject({ outcome: 'SUCCESS', turns: 3, output: { verdict: 'wait' } });
      expect(of(events, 'InfoRecorded').map(({ text }) => text)).toEqual([
        expect.stringContaining('/verdict must be equal to one of the allowed values'),
        expect.stringContaining('/verdict must be equal to one of the allowed values'),
      ]);
    });

    it('has failed when it does not fit after two more passes', async () => {
      const { ended } = await play([says('a'), says('b'), says('c'), says('ship')], {}, declared);
      expect(ended).toMatchObject({ outcome: 'ERROR', turns: 3, error: { code: 'OUTPUT_INVALID' } });
      expect(ended).not.toHaveProperty('output');
    });
  });

  it('is told what went wrong with a tool and may go on', async () => {
    const { ended, events } = await play([
      { tools: [{ name: 'write_file', arguments: { path: 'a', content: 'same same' } }] },
      {
        tools: [
          { name: 'edit_file', arguments: { path: 'a', old_string: 'same', new_string: 'x' } },
          { name: 'edit_file', arguments: { path: 'a', old_string: 'other', new_string: 'x' } },
          { name: 'read_file', arguments: { path: 'nowhere' } },
          { name: 'read_file', arguments: { file: 'a' } },
          { name: 'bash', arguments: { command: 'echo partly; exit 7' } },
          { name: 'write_file', arguments: { path: '/usr/x', content: '' } },
        ],
      },
      { text: 'So be it.' },
    ]);
    expect(ended).toMatchObject({ outcome: 'SUCCESS', summary: 'So be it.' });
    const errors = of(events, 'ToolCallEnded').map(({ state, error }) => [state, error?.message]);
    expect(errors).toEqual([
      ['ok', undefined],
      ['error', expect.stringContaining('old_string is not unique, it occurs 2 times')],
      ['error', expect.stringContaining('old_string was not found')],
      ['error', expect.stringContaining('Cannot read nowhere: there is no such file or directory')],
      ['error', expect.stringContaining('The arguments of read_file do not fit')],
      ['error', expect.stringContaining('Exit code 7')],
      ['error', expect.stringContaining('Cannot write /usr/x: it is read-only here')],
    ]);
  });

  it('reads through a link only what the sandbox itself can see', async () => {
    const { events } = await play([
      {
        tools: [{ name: 'bash', arguments: { command: `ln -s ${ground.directory}/../ out; ln -s /root/.bashrc rc` } }],
      },
      {
        tools: [
          { name: 'read_file', arguments: { path: 'rc' } },
          { name: 'list_files', arguments: { path: 'out/runledger-tests' } },
        ],
      },
    ]);
    expect(of(events, 'ToolCallEnded').map(({ state }) => state)).toEqual(['ok', 'error', 'error']);
  });

  it('may use only the tools that the step lists', async () => {
    const { events } = await play([{ tools: [{ name: 'bash', arguments: { command: 'id' } }] }, { text: 'No.' }], {
      tools: ['read_file'],
    });
    expect(of(events, 'ToolCallEnded')[0]).toMatchObject({ state: 'error', error: { code: 'INVALID_TOOL_CALL' } });
  });

  it('is partial when it is not done after its last turn', async () => {
    const turn: ScriptedTurn = { text: 'Once more.', tools: [{ name: 'bash', arguments: { command: 'true' } }] };
    const { ended } = await play([turn, turn, turn, turn], { maxTurns: 3 });
    expect(ended).toMatchObject({ outcome: 'PARTIAL', turns: 3, summary: 'Once more.', error: { code: 'max_turns' } });
  });

  it('counts what it used: tokens of every turn in disjoint buckets, and computing time', async () => {
    const { events, ended } = await play([
      { thinking: 'x'.repeat(40), text: 'y'.repeat(80), tools: [{ name: 'bash', arguments: { command: 'true' } }] },
      { text: 'z'.repeat(8) },
    ]);
    const usage = of(events, 'UsageRecorded');
    expect(usage.map(({ usage: { kind } }) => kind)).toEqual(['model', 'model', 'compute']);
    expect(usage[1]!.usage).toMatchObject({ outputTokens: 2, reasoningTokens: 0, cacheReadTokens: 0 });
    expect(usage[0]!.usage).toMatchObject({ reasoningTokens: 10, provider: 'scripted', model: 'scripted-1' });
    expect(usage[2]!.usage).toEqual({
      kind: 'compute',
      resourceClass: testProfile().resourceClass,
      milliseconds: ended.elapsedMs,
    });
  });

  it('is stopped at its time-out in the middle of a tool', async () => {
    const agent: AgentWork = {
      provider: 'scripted',
      model: 'm',
      prompt: 'p',
      script: [{ tools: [{ name: 'bash', arguments: { command: 'sleep 60' } }] }],
    };
    const ready = await ground.ready({ runId: newRunId(), agent, timeoutMs: 3_000 });
    expect(await ground.end(ready)).toMatchObject({ outcome: 'ERROR', turns: 1, error: { code: 'TIMEOUT' } });
  });
});
