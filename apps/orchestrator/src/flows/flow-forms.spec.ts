import { gateAsking, type FlowDefinition } from '@runledger/contracts';
import { readFlow } from './read-flow.js';

const SHORT = `slug: release
concurrency: release {{ parameters.line }}
parameters: { line: string }
requires: { credentials: [github] }
steps:
  - key: test
    run: npm test
    onFailure: { retry: 3 }
    output: { schema: { type: object } }
    routes:
      - { on: ERROR, to: mend }
      - { if: output.good == true, to: [ask] }
  - { key: mend, needs: [test], run: ./mend, onFailure: SKIP }
  - { key: ask, needs: [test], gate: Ship it? }
  - key: ship
    needs: [ask]
    if: steps.test.outcome == "SUCCESS"
    run: ./ship
    gate: { message: Now?, approvers: [ada@example.com], timeout: 2d }
    gates:
      after: { message: Well?, count: 2, excludeStarter: true, onTimeout: ESCALATE, timeout: 1h, escalateTo: [head@example.com] }
`;

const none = { credentials: [], environments: [], integrations: [] };
const step = (key: string, needs: string[]) => ({
  key,
  name: key,
  needs,
  onFailure: { then: 'FAIL' },
  timeoutMs: 600_000,
  artifacts: [],
});

describe('the short forms of a flow', () => {
  it('are stored spelt out', () => {
    expect(flowOf(SHORT)).toEqual({
      slug: 'release',
      name: 'release',
      parameters: expect.objectContaining({ required: ['line'] }),
      defaults: { execution: 'INTERACTIVE', checkpointMode: 'TEMPLATE' },
      concurrency: { key: 'release {{ parameters.line }}', policy: 'QUEUE' },
      requires: { ...none, credentials: ['github'] },
      retention: { artifactsDays: 30 },
      steps: [
        {
          ...step('test', []),
          command: { run: 'npm test' },
          onFailure: { then: 'FAIL', retry: { max: 3, backoffMs: 10_000, factor: 2, maxBackoffMs: 600_000 } },
          output: { schema: { type: 'object' }, passes: 2 },
          routes: [
            { on: ['ERROR'], to: ['mend'] },
            { if: 'output.good == true', to: ['ask'] },
          ],
        },
        { ...step('mend', ['test']), command: { run: './mend' }, onFailure: { then: 'SKIP' } },
        { ...step('ask', ['test']), gate: gateAsking('Ship it?') },
        {
          ...step('ship', ['ask']),
          if: 'steps.test.outcome == "SUCCESS"',
          command: { run: './ship' },
          gates: {
            before: gateAsking('Now?', {
              policy: { approvers: ['ada@example.com'], count: 1, excludeStarter: false },
              timeoutMs: 172_800_000,
            }),
            after: gateAsking('Well?', {
              policy: { count: 2, excludeStarter: true },
              timeoutMs: 3_600_000,
              onTimeout: 'ESCALATE',
              escalateTo: ['head@example.com'],
            }),
          },
        },
      ],
    });
  });

  it('say the same as the long ones: what is stored can be published again', () => {
    const stored = flowOf(SHORT);
    expect(flowOf(JSON.stringify(stored))).toEqual(stored);
  });
});

describe('a step that is itself a gate', () => {
  it('has nothing that belongs to work', () => {
    const source = 'slug: a\nsteps:\n  - { key: ask, gate: May it?, timeout: 1h, artifacts: [x], gates: { after: y } }';
    expect(problemsOf(source)).toEqual([
      '3:32 `ask` only asks people; `timeout` is for steps with work. Write `timeout` inside of `gate`.',
      '3:45 `ask` only asks people; `artifacts` is for steps with work. Remove `artifacts`, or give the step `agent:`, `run:` or `function:`.',
      '3:61 `ask` only asks people; `gates` is for steps with work. Remove `gates`, or give the step `agent:`, `run:` or `function:`.',
    ]);
  });
});

function flowOf(source: string): FlowDefinition {
  const reading = readFlow(source);
  if ('problems' in reading) throw new Error(JSON.stringify(reading.problems, undefined, 1));
  return reading.flow;
}

function problemsOf(source: string): string[] {
  const reading = readFlow(source);
  if (!('problems' in reading)) throw new Error('The flow was accepted.');
  return reading.problems.map(({ line, column, message, fix }) => `${line}:${column} ${message} ${fix ?? ''}`);
}
