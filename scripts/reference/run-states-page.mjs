import { askTransitions, runStates, runTransitions, stepStates, stepTransitions } from '@runledger/contracts';
import { code, codeBlock, joined, pageHead, table } from './markdown.mjs';

const INTRO = [
  'What states there are, and which events lead from one to another. A test runs the decider of runs through thousands of random',
  'lives and compares what happens with these tables.',
  '',
].join('\n');

const RUNS = [
  'Of steps that run in parallel the most demanding state counts: blocked, then paused, then interrupted, then running. A gate,',
  'a prompt or a question holds up its own branch only.',
  '',
].join('\n');

const STEPS = [
  'Within an attempt a step goes forward only. Whatever leads back to `PENDING` is a new attempt, with the next number, or a run',
  'that was reopened. `ApprovalRequested` and what follows it: an agent asks people while its attempt goes on.',
  '',
].join('\n');

export function runStatesPage() {
  return joined([
    ...pageHead('States of runs and steps', INTRO),
    ...section('Runs', RUNS, { states: runStates, transitions: runTransitions, first: 'RunStarted' }),
    ...section('Steps', STEPS, {
      states: stepStates,
      transitions: merged([...stepTransitions, ...askTransitions]),
      first: 'RunStarted',
    }),
  ]);
}

function section(title, intro, { states, transitions, first }) {
  const meanings = Object.entries(states).map(([state, meaning]) => [code(state), meaning]);
  const ways = transitions.map(({ from, to, by }) => [code(from), code(to), by.map(code).join(', ')]);
  return [
    `## ${title}`,
    '',
    intro,
    ...table(['State', 'Meaning'], meanings),
    ...codeBlock('mermaid', diagram(transitions, first)),
    ...table(['From', 'To', 'By'], ways),
  ];
}

/** Labels name the events; those with many are in the table below. */
function diagram(transitions, first) {
  const label = by => (by.length > 2 ? `${by.slice(0, 2).join(', ')}, …` : by.join(', '));
  const edges = transitions.map(({ from, to, by }) => `  ${from} --> ${to}: ${label(by)}`);
  return ['stateDiagram-v2', `  [*] --> PENDING: ${first}`, ...edges].join('\n');
}

/** One row for each way. */
function merged(transitions) {
  const ways = new Map();
  for (const { from, to, by } of transitions) {
    const key = `${from} ${to}`;
    ways.set(key, { from, to, by: [...(ways.get(key)?.by ?? []), ...by] });
  }
  return [...ways.values()];
}
