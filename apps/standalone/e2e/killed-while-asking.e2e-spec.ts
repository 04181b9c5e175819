import { jest } from '@jest/globals';
import { eventually } from '@runledger/testing';
import type { ApiClient } from './api-client.fixture.js';
import { CountedWork } from './counted-work.fixture.js';
import { describeWith, tracesOf } from './machine.fixture.js';
import { build, PATIENCE_MS, TemporaryHome } from './platform-process.fixture.js';

jest.setTimeout(PATIENCE_MS);

/** Two agents beside each other: one asks a question, the other one before it writes a file. */
const FLOW = `
slug: asking
defaults: { profile: counted, execution: BACKGROUND }
steps:
  - key: asks
    agent:
      provider: scripted
      prompt: Ask.
      tools: [bash, ask_user]
      script:
        - { tools: [{ name: bash, arguments: { command: 'echo before the question >> /counts/ran; echo kept > kept' } }] }
        - { tools: [{ name: ask_user, arguments: { question: Which colour?, choices: [red, blue] } }] }
        - { tools: [{ name: bash, arguments: { command: 'grep -q kept kept && echo after the question >> /counts/ran' } }] }
        - { text: Thank you. }
  - key: writes
    agent:
      provider: scripted
      prompt: Write.
      tools: [bash, write_file]
      permissions: ASK
      dangerousTools: [write_file]
      script:
        - { tools: [{ name: bash, arguments: { command: 'echo before the prompt >> /counts/ran' } }] }
        - { tools: [{ name: write_file, arguments: { path: colour, content: any } }] }
        - { tools: [{ name: bash, arguments: { command: 'cat colour; echo after the prompt >> /counts/ran' } }] }
        - { text: Written. }
`;

interface Asked {
  readonly id: string;
  readonly kind: string;
}

/** Waits until both agents ask. */
function bothAsked(api: ApiClient, runId: string): Promise<{ readonly question: string; readonly prompt: string }> {
  return eventually(async () => {
    const query = 'query ($run: ID!) { inbox(filter: { runId: $run }) { nodes { id kind } } }';
    const { inbox } = await api.data<{ inbox: { nodes: readonly Asked[] } }>(query, { run: runId });
    const idOf = (wanted: string) => inbox.nodes.find(({ kind }) => kind === wanted)?.id;
    const [question, prompt] = [idOf('QUESTION'), idOf('PERMISSION')];
    return question !== undefined && prompt !== undefined && { question, prompt };
  }, 60_000) as Promise<{ readonly question: string; readonly prompt: string }>;
}

describeWith('bwrap')('a platform that is killed while agents wait for people (needs bwrap)', () => {
  const home = new TemporaryHome();
  const counted = new CountedWork();
  /** Of the sandbox and of the agents: nobody watches a background run. */
  const isAtRest = () => tracesOf(home.path).every(({ name }) => name !== 'bwrap');

  beforeAll(build, PATIENCE_MS);
  afterAll(async () => {
    await home.giveBack();
    counted.giveBack();
  });

  it('holds no sandbox, takes their answers at the next start, asks nobody twice and repeats no finished call', async () => {
    const first = await home.startQuiet(counted.environment);
    await counted.publishProfile(first.api);
    await first.api.publishFlow(FLOW);
    const runId = await first.api.started('asking');
    const asked = await bothAsked(first.api, runId);
    await eventually(() => Promise.resolve(isAtRest()), 60_000);
    await first.kill();

    const second = await home.startQuiet(counted.environment);
    expect(await bothAsked(second.api, runId)).toEqual(asked);
    const answer =
      'mutation ($id: ID!) { answerQuestion(requestId: $id, answer: "blue") { ... on ApprovalRequest { state } } }';
    expect(await second.api.data(answer, { id: asked.question })).toEqual({ answerQuestion: { state: 'DECIDED' } });
    await second.api.decide(asked.prompt, 'ALLOW_ONCE');
    // Once more, before or after the agents have heard of it.
    await second.kill();

    const third = await home.startQuiet(counted.environment);
    const run = await third.api.reaches(runId, 'COMPLETED');
    expect(run.timeline.map(step => step.attempts.length)).toEqual([1, 1]);
    const ran = counted.ran().sort();
    expect(ran).toEqual(['after the prompt', 'after the question', 'before the prompt', 'before the question']);
    const events = await third.api.events(runId);
    const count = (type: string) => events.filter(event => event.type === type).length;
    expect([count('QuestionAsked'), count('PermissionRequested'), count('ApprovalRequested')]).toEqual([1, 1, 2]);
    expect([count('ApprovalDecided'), count('AnswerReceived')]).toEqual([2, 2]);
    const answers = events.filter(event => event.type === 'AnswerReceived').map(event => event.data['answer']);
    expect(answers).toContain('blue');
    expect((await third.stop()).code).toBe(0);
    expect(home.leftovers()).toEqual([]);
  });
});
