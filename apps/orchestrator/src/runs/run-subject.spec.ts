import { isRejection } from '@runledger/kernel';
import type { AgentWork } from '@runledger/contracts';
import { run } from './run.decider.js';
import { start, step } from './run.fixture.js';

const subject = { kind: 'ticket', id: 'OPS-7', url: 'https://tickets.example/7', context: { team: ['Ada', 'Bob'] } };
const agent: AgentWork = {
  provider: 'scripted',
  model: 'm',
  prompt: 'Solve {{ subject.kind }} {{ subject.id }} for {{ subject.context.team.1 }} [{{ subject.context.nobody }}]',
};

/** What the first step of a run gets to do. */
function readied(more: Parameters<typeof start>[1], ...steps: Parameters<typeof start>[0]) {
  const decision = run.decide(start(steps, more), run.initialState());
  if (isRejection(decision)) throw new Error(decision.message);
  return decision.flatMap(event => (event.type === 'StepReady' ? [event.data] : []));
}

describe('the record that a run is about', () => {
  it('stands in the prompts of its agents where they refer to it', () => {
    const [first] = readied({ subject }, step('solve', [], { agent }));
    expect(first?.agent?.prompt).toBe('Solve ticket OPS-7 for Bob []');
  });

  it('reaches scripts as variables, the context as JSON', () => {
    const [first] = readied({ subject }, step('solve'));
    expect(first?.command?.env).toMatchObject({
      SUBJECT_KIND: 'ticket',
      SUBJECT_ID: 'OPS-7',
      SUBJECT_URL: 'https://tickets.example/7',
      SUBJECT_CONTEXT: '{"team":["Ada","Bob"]}',
    });
  });

  it('is nothing in a run that was started by hand', () => {
    const [first] = readied({}, step('solve', [], { agent }));
    expect(first?.agent?.prompt).toBe('Solve   for  []');
    const [other] = readied({}, step('solve'));
    expect(Object.keys(other?.command?.env ?? {})).toEqual(['RUN_ID']);
  });
});
