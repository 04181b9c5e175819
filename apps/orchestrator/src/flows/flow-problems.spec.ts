import { flow, step, told } from './flow-problems.fixture.js';
import { readFlow } from './read-flow.js';

const gate = (rest: string) => step(`gate: { message: m, ${rest} }`);

describe('a problem of a gate', () => {
  it.each([
    [gate('aprovers: [a]'), '4:61 steps[1].gate.aprovers `aprovers` is not known here. Did you mean `approvers`?'],
    [step('gate: { count: 2 }'), 'steps[1].gate.message `message` is missing. Add `message`. What people are asked.'],
    [
      gate('approvers: [ada, ada], count: 2'),
      '4:84 steps[1].gate.count 2 must approve, but only one member is named. Name more members, or write `count: 1`.',
    ],
    [
      step('gates: { after: { message: m, policy: { approvers: [a, b], count: 3 } } }'),
      'steps[1].gates.after.policy.count 3 must approve, but only 2 members are named.',
    ],
    [gate('count: 1, policy: { count: 2 }'), '`count` and `policy.count` say the same thing. Keep one of them.'],
    [gate('timeout: 1h, timeoutMs: 3600000'), '`timeout` and `timeoutMs` say the same thing. Keep `timeout`.'],
    [gate('timeout: 400d'), '`400d` is not between 100ms and 366d.'],
    [gate('timeout: 1h, onTimeout: EXPLODE'), '`EXPLODE` is not one of FAIL, REJECT, SKIP, ESCALATE.'],
    [gate('onTimeout: SKIP'), 'The gate has no `timeout`, so this never happens. Add `timeout`, such as `24h`.'],
    [gate('timeout: 1h, onTimeout: ESCALATE'), 'Nobody is named to escalate to. Name members under `escalateTo`.'],
    [gate('timeout: 1h, escalateTo: [ada]'), '`escalateTo` has no effect here. Write `onTimeout: ESCALATE`'],
    [gate('approvers: []'), 'steps[1].gate.approvers Not accepted here'],
    [step('gate: x, gates: { before: y }'), '`gate` and `gates.before` say the same thing. Keep one of them.'],
    [step('gate: 5'), 'steps[1].gate Not accepted here; expected: a gate is its message (text), or a block'],
  ])('is told with its place and its fix: %s', (source, expected) => {
    expect(told(source).join('\n')).toContain(expected);
  });
});

describe('a problem of the files that a step consumes', () => {
  const kept = (rest: string) =>
    `slug: a\nsteps:\n  - { key: plan, run: x, artifacts: [out] }\n  - { key: tell, run: x }\n  - { key: ship, needs: [plan], run: x, consumes: [${rest}] }`;

  it.each([
    [kept('{ step: plna }'), '`ship` consumes files of `plna`, but no step has that key. Did you mean `plan`?'],
    [
      kept('{ step: tell }'),
      '`ship` consumes files of `tell`, which need not be done by then. Add `tell` to the `needs`',
    ],
    [kept('{ step: ship }'), '`ship` consumes files of `ship`, which need not be done by then.'],
    [step('consumes: [{ step: plan }]'), '`plan` keeps no files. Give `plan` the `artifacts` that `ship` consumes.'],
    [kept('{ step: plan, path: ../up }'), 'steps[2].consumes[0].path `../up` leads out of the workspace.'],
    [kept('{ step: plan, path: /etc }'), '`/etc` leads out of the workspace.'],
    [kept("{ step: plan, name: 'a/../../b' }"), 'steps[2].consumes[0].name `a/../../b` leads out of the workspace.'],
  ])('is told with its place and its fix: %s', (source, expected) => {
    expect(told(source).join('\n')).toContain(expected);
  });
});

describe('a problem of what follows a step', () => {
  const routes = (rules: string, others = '  - { key: ship, needs: [plan], run: x }\n  - { key: tell, run: x }') =>
    `slug: a\nsteps:\n  - key: plan\n    run: x\n    routes:\n${rules}\n${others}`;

  it.each([
    [
      routes('      - { to: tell }'),
      '6:11 steps[0].routes[0].to `tell` does not need `plan`, so no route can lead from `plan` to it. Add `plan` to the `needs` of `tell`.',
    ],
    [
      routes('      - { to: [ship, shp] }'),
      '6:22 steps[0].routes[0].to[1] No step has the key `shp`. Did you mean `ship`?',
    ],
    [
      routes('      - to: ship\n      - { on: ERROR, to: ship }'),
      '7:9 steps[0].routes[1] This rule is never reached: the one on line 6 always fits. Move the rule',
    ],
    [routes('      - { on: FAILED, to: ship }'), 'steps[0].routes[0].on'],
    [
      routes('      - { on: [SUCCES], to: ship }'),
      '`SUCCES` is not one of SUCCESS, PARTIAL, BLOCKED, ERROR. Did you mean `SUCCESS`?',
    ],
    [routes('      - { when: x, to: ship }'), '`when` is not known here.'],
    [step('onFailure: retry'), 'steps[1].onFailure Not accepted here; expected: FAIL, PAUSE or SKIP, or a block'],
    [step('onFailure: { retry: { max: 3, backof: 1s } }'), '`backof` is not known here. Did you mean `backoff`?'],
    [step('onFailure: { retry: { max: 0 } }'), 'steps[1].onFailure.retry.max Not accepted here; expected: Too small'],
    [
      step('onFailure: { retry: { max: 3, backoff: 1h, maxBackoff: 30m } }'),
      'The first wait (1h) is longer than the longest (30m). Write `maxBackoff: 1h` or more.',
    ],
    [step('onFailure: { retry: { max: 3, backoff: 1s, backoffMs: 9 } }'), '`backoff` and `backoffMs` say the same'],
  ])('is told with its place and its fix: %s', (source, expected) => {
    expect(told(source).join('\n')).toContain(expected);
  });
});

describe('a problem of a condition', () => {
  it.each([
    [step('if: steps.plan.outcom == "SUCCESS"'), '4:45 steps[1].if Of a step there are outcome, summary, output.'],
    [
      step('if: "parameters.x == 1"'),
      '4:46 steps[1].if The flow has no parameter `x`. Declare `x` under `parameters`.',
    ],
    [step('if: \'outcome == "ERROR"\''), '`outcome` means something in `routes` only'],
    [step('if: steps.ship.outcome == "ERROR"'), '`ship` need not be done by then.'],
    [step('if: true'), 'steps[1].if Expected string, found boolean.'],
    [
      'slug: a\nsteps:\n  - key: plan\n    run: x\n    routes:\n      - if: |\n          output.x = 1\n        to: ship\n  - { key: ship, needs: [plan], run: x }',
      '7:20 steps[0].routes[0].if Unexpected character: =. Write `==` to compare.',
    ],
    [
      '{"slug":"a","steps":[\n {"key":"s","run":"x","if":"1 =! 2"}]}',
      '2:31 steps[0].if Unexpected character: =. Write `==` to compare.',
    ],
  ])('is told at the character where it is: %s', (source, expected) => {
    expect(told(source).join('\n')).toContain(expected);
  });

  it('may speak of its own step in routes, and of what comes before its needs', () => {
    const source = `slug: a
parameters: { deep: { type: boolean, default: false } }
steps:
  - { key: first, run: x }
  - { key: then, needs: [first], run: x, routes: [{ if: 'output.ok && steps.then.outcome != "ERROR"', to: last }] }
  - { key: last, needs: [then], run: x, if: 'parameters.deep || steps.first.summary != ""' }
`;
    expect(readFlow(source)).toHaveProperty('flow');
  });
});

describe('a problem of the whole flow', () => {
  it.each([
    ['concurrency: x {{ parameters.y }}\n', '2:1 concurrency The flow has no parameter `y`. Declare `y`'],
    [
      'concurrency: { key: "{{ steps.plan.summary }}" }\n',
      'concurrency.key `{{ steps.plan }}` is not known when a run starts.',
    ],
    ['concurrency: { key: x, policy: WAIT }\n', '`WAIT` is not one of QUEUE, SKIP, CANCEL_OLDER.'],
    ['retention: { artifactsDays: 0 }\n', 'retention.artifactsDays Not accepted here; expected: Too small'],
    ['retention: { artifactDays: 1 }\n', '`artifactDays` is not known here. Did you mean `artifactsDays`?'],
    ['requires: { credential: [x] }\n', '`credential` is not known here. Did you mean `credentials`?'],
  ])('is told with its place and its fix: %s', (more, expected) => {
    expect(told(flow('', more)).join('\n')).toContain(expected);
  });
});
