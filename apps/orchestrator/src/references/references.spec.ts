import { isReservedVariable, parameterVariable, summaryVariable } from './environment-names.js';
import { fillReferences, jsonAt, mapStrings, referencesIn } from './references.js';

const world = { parameters: { title: 'A "quoted" $title', list: [1, { a: true }] } };
const fill = (text: string) =>
  fillReferences(text, reference =>
    reference.kind === 'parameter' ? jsonAt(world.parameters, [reference.name, ...reference.path]) : undefined,
  );

describe('references in the texts of agents', () => {
  it('are replaced by what they name: text as it is, anything else as JSON', () => {
    expect(fill('Do {{ parameters.title }} with {{parameters.list}}')).toBe('Do A "quoted" $title with [1,{"a":true}]');
    expect(fill('{{ parameters.list.1.a }}')).toBe('true');
  });

  it('are empty where there is nothing', () => {
    expect(fill('[{{ parameters.nothing }}]')).toBe('[]');
    expect(fill('[{{ parameters.list.7 }}{{ parameters.__proto__ }}]')).toBe('[]');
  });

  it('leave other braces alone, and escaped ones too', () => {
    expect(fill("style={{ color: 'red' }} {{.Names}} ${{ a + b }} \\{{ parameters.title }}")).toBe(
      "style={{ color: 'red' }} {{.Names}} ${{ a + b }} {{ parameters.title }}",
    );
  });

  it('are never filled in twice: a value that looks like a reference is a value', () => {
    expect(fillReferences('{{ parameters.a }}', () => '{{ parameters.b }}')).toBe('{{ parameters.b }}');
  });

  it('are told apart by what they name', () => {
    expect(referencesIn('{{ subject.id }} {{ subject.context.team.0 }} {{ subject.id.x }} {{ subject.name }}')).toEqual(
      [
        { kind: 'subject', path: ['id'] },
        { kind: 'subject', path: ['context', 'team', '0'] },
        { kind: 'malformed', text: 'subject.id.x' },
        { kind: 'malformed', text: 'subject.name' },
      ],
    );
    expect(
      referencesIn('{{ steps.plan.summary }} {{ steps.plan.output.items.0 }} {{ steps.plan.cost }} {{ x }}'),
    ).toEqual([
      { kind: 'step', step: 'plan', field: 'summary', path: [] },
      { kind: 'step', step: 'plan', field: 'output', path: ['items', '0'] },
      { kind: 'malformed', text: 'steps.plan.cost' },
      { kind: 'malformed', text: 'x' },
    ]);
  });

  it('are found however deep they stand', () => {
    expect(mapStrings({ a: ['x', { b: 'x' }], n: 1, z: null }, text => `${text}!`)).toEqual({
      a: ['x!', { b: 'x!' }],
      n: 1,
      z: null,
    });
  });
});

describe('variables of scripts', () => {
  it('are named after parameters and steps', () => {
    expect(parameterVariable('repositoryId')).toBe('PARAM_REPOSITORYID');
    expect(summaryVariable('open-pr')).toBe('STEP_OPEN_PR_SUMMARY');
  });

  it('belong to the platform', () => {
    expect(['RUN_ID', 'PARAM_X', 'STEP_A_SUMMARY', 'PATH', 'STEPS'].filter(isReservedVariable)).toEqual([
      'RUN_ID',
      'PARAM_X',
      'STEP_A_SUMMARY',
    ]);
  });
});
