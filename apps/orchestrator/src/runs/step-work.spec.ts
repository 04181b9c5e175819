import { StepSkipped } from '@runledger/contracts';
import type { AgentWork, Json, RunEvent, StepDefinition } from '@runledger/contracts';
import { jsonBytes } from '../values/storable-text.js';
import { ORCHESTRATOR } from './orchestrator-actor.js';
import { evolveRun } from './run-evolve.js';
import { isKnown } from './run-verbs.js';
import { run } from './run.decider.js';
import * as the from './run.fixture.js';
import { at, runId, step } from './run.fixture.js';
import { workOf, type FurtherOrders } from './step-work.js';

const [plan, build] = [step('plan'), step('build-it', ['plan'])];
const planned = (output?: Json, summary = 'A plan.'): RunEvent => {
  const { type, data } = the.completed('plan', { summary });
  return { type, data: { ...data, ...(output === undefined ? {} : { output }) } };
};
const leftOut = StepSkipped({
  ...{ runId, step: 'plan', cause: 'condition', reason: 'Not wanted.', by: ORCHESTRATOR, skippedAt: at },
});
const agent = (prompt: string, more: Partial<AgentWork> = {}): AgentWork => ({
  ...{ provider: 'scripted', model: 'm', prompt, ...more },
});
const asking = (work: AgentWork): StepDefinition => step('ask', ['plan'], { agent: work });

/** The work of a step after this history. */
function workAfter(history: readonly RunEvent[], of: StepDefinition, orders?: FurtherOrders) {
  const started = the.started([plan, build, of], { parameters: { ref: 'main', on: true, deep: { er: [7] } } });
  const state = [started, ...history].reduce(evolveRun, run.initialState());
  if (!isKnown(state)) throw new Error('A run that was started is known.');
  return workOf(state, of, orders);
}

describe('what an agent is asked to do', () => {
  it('has the parameters, summaries and outputs to which its texts refer', () => {
    const output = { files: ['a.ts', 'b.ts'], risk: { level: 'low' } };
    const work = agent('{{ parameters.ref }} {{ parameters.deep.er.0 }}: {{ steps.plan.summary }}', {
      instructions: 'Mind {{ steps.plan.output.risk.level }} risk.',
      script: [{ text: 'I change {{ steps.plan.output.files.1 }}.' }],
    });
    expect(workAfter([planned(output)], asking(work))).toEqual({
      work: {
        agent: agent('main 7: A plan.', {
          instructions: 'Mind low risk.',
          script: [{ text: 'I change b.ts.' }],
        }),
      },
    });
  });

  it('has nothing where a step was left out or has put nothing out, and does without', () => {
    const work = asking(agent('[{{ steps.plan.output.risk }}{{ steps.plan.output }}{{ steps.plan.summary }}]'));
    expect(workAfter([leftOut], work)).toEqual({ work: { agent: agent('[]') } });
    expect(workAfter([planned(undefined, '')], asking(agent('[{{ steps.plan.output }}]')))).toEqual({
      work: { agent: agent('[]') },
    });
  });

  it('is nothing where an output lacks what its texts count on, each of which is named once', () => {
    const texts = '{{ steps.plan.output.risk.level }} {{ steps.plan.output.files }} {{ steps.plan.output.files }}';
    const lacksOne = workAfter([planned({ files: [] })], asking(agent(texts)));
    expect(lacksOne).toMatchObject({ error: { message: expect.stringContaining('risk.level') as string } });
    expect(workAfter([planned({ risk: {} })], asking(agent(texts)))).toEqual({
      error: {
        code: 'UNRESOLVED_REFERENCE',
        message:
          'The step was not started: `{{ steps.plan.output.risk.level }}`, `{{ steps.plan.output.files }}` is not in the output of that step.',
        fix: expect.stringContaining('Correct the reference') as string,
      },
    });
  });

  it('is nothing where nothing is left of its prompt', () => {
    expect(workAfter([leftOut], asking(agent('{{ steps.plan.summary }}')))).toMatchObject({
      error: { code: 'EMPTY_PROMPT', fix: expect.any(String) as string },
    });
  });

  it('is at most so long, each of its texts and all together', () => {
    const texts = (prompt: number, instructions: number) =>
      workAfter([], asking(agent('p'.repeat(prompt), { instructions: 'i'.repeat(instructions) })));
    const rest = 200_000 - jsonBytes(agent('', { instructions: '' }));
    const tooLarge = { error: { code: 'WORK_TOO_LARGE', fix: expect.any(String) as string } };
    expect(texts(100_000, 1)).toHaveProperty('work');
    expect(texts(1, 100_000)).toHaveProperty('work');
    expect(texts(100_001, 1)).toMatchObject(tooLarge);
    expect(texts(1, 100_001)).toMatchObject(tooLarge);
    expect(texts(100_000, rest - 100_000)).toHaveProperty('work');
    expect(texts(100_000, rest - 99_999)).toMatchObject(tooLarge);
  });

  it('says what people want done otherwise as they have written it, and has other instructions where someone gave them', () => {
    const orders = { instructions: 'Be brief about {{ parameters.ref }}.', changes: 'Not {{ so }}.' };
    expect(workAfter([planned()], asking(agent('Write.', { instructions: 'Be long.' })), orders)).toEqual({
      work: {
        agent: agent('Write.\n\nPeople looked at your result and ask for these changes:\nNot {{ so }}.', {
          instructions: 'Be brief about main.',
        }),
      },
    });
  });
});

describe('what a script is given', () => {
  const script = (command: string, env?: Record<string, string>) =>
    step('ship', ['build-it'], { command: { run: command, ...(env && { env }) } });
  const envOf = (filled: ReturnType<typeof workOf>) =>
    'work' in filled && 'command' in filled.work && filled.work.command.env;

  it('is its own variables, the parameters as text, and what the steps have said that it needs or names', () => {
    const history = [planned(), the.completed('build-it', { summary: 'Built.' })];
    const parameters = { PARAM_REF: 'main', PARAM_ON: 'true', PARAM_DEEP: '{"er":[7]}' };
    expect(envOf(workAfter(history, script('echo', { MODE: 'fast' })))).toEqual({
      ...{ MODE: 'fast', RUN_ID: runId, ...parameters, STEP_BUILD_IT_SUMMARY: 'Built.' },
    });
    expect(envOf(workAfter(history, script('echo "$STEP_PLAN_SUMMARY"')))).toMatchObject({
      STEP_PLAN_SUMMARY: 'A plan.',
      STEP_BUILD_IT_SUMMARY: 'Built.',
    });
    expect(envOf(workAfter([leftOut], script('echo "$STEP_PLAN_SUMMARY"')))).toMatchObject({ STEP_PLAN_SUMMARY: '' });
  });

  it('is at most so many bytes in all', () => {
    const filled = (characters: number, letter = 'x') =>
      workAfter([], script('echo', { TEXT: letter.repeat(characters) }));
    const env = envOf(filled(0)) || {};
    const rest = 200_000 - jsonBytes({ run: 'echo', env });
    expect(filled(rest)).toHaveProperty('work');
    expect(filled(rest + 1)).toMatchObject({ error: { code: 'WORK_TOO_LARGE' } });
    expect(filled(Math.floor(rest / 3) + 1, '€')).toMatchObject({ error: { code: 'WORK_TOO_LARGE' } });
  });
});

describe('a step that has neither an agent nor a script', () => {
  it('has no work, and says so', () => {
    const { command: _command, ...rest } = step('odd', ['plan']);
    expect(workAfter([], rest)).toMatchObject({
      error: { code: 'NO_WORK', message: expect.stringContaining('odd') as string },
    });
  });
});
