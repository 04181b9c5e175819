import type { Json } from '@runledger/contracts';
import { evaluate, holds, stepsNamedIn, type ExpressionScope } from './evaluate-expression.js';

const scope: ExpressionScope = {
  parameters: { version: '1.2', count: 5, ratio: 0.5, dry: false, list: [1, 'a', null], nothing: null },
  steps: {
    test: { outcome: 'SUCCESS', summary: '3 passed', output: { errors: 0, files: [{ name: 'a.ts', lines: 10 }] } },
    'run-lint': { outcome: 'SKIPPED' },
  },
  run: { id: 'run_1', execution: 'BACKGROUND' },
  outcome: 'PARTIAL',
  output: { risk: 0.7, tags: ['db', 'api'], constructor: 'Bob', ['__proto__']: 'odd' },
};

describe('an expression', () => {
  it.each<[string, Json]>([
    ['parameters.version == "1.2" && !parameters.dry', true],
    ['parameters.count + 1', 6],
    ['1 + parameters.count * 2 - parameters.ratio', 10.5],
    ['parameters.count % 2 == 1', true],
    ['parameters.count / 2', 2.5],
    ['5 == parameters.count && parameters.count in [4, 5]', true],
    ['"a" in parameters.list && 1 in parameters.list', true],
    ['parameters.list[0] == 1', true],
    ['parameters.nothing == null', true],
    ['steps.test.outcome == "SUCCESS" && steps.test.output.errors == 0', true],
    ['steps["run-lint"].outcome', 'SKIPPED'],
    ['steps["run-lint"].output == null', true],
    ['steps.test.output.files.exists(file, file.lines > 9 && file.name.endsWith(".ts"))', true],
    ['steps.test.output.files.map(file, file.name)', ['a.ts']],
    ['outcome != "ERROR" && output.risk > 0.5', true],
    ['has(output.missing)', false],
    ['has(output.missing) && output.missing == 1', false],
    ['output.tags.filter(tag, tag != "db") == ["api"]', true],
    ['size(output.tags) > 1 ? "many" : "few"', 'many'],
    ['run.execution.lowerAscii()', 'background'],
    ['output', { risk: 0.7, tags: ['db', 'api'], constructor: 'Bob', ['__proto__']: 'odd' }],
  ])('gives what it says: %s', (text, value) => {
    expect(evaluate(text, scope)).toEqual({ value });
  });

  it('names the steps that its scope must hold', () => {
    expect(stepsNamedIn('steps.a.outcome == "ERROR" || has(steps["b-c"].output.x) && steps.a.summary != ""')).toEqual([
      'a',
      'b-c',
    ]);
    expect(stepsNamedIn('steps.')).toEqual([]);
  });
});

describe('an expression that fails', () => {
  it.each([
    ['output.missing == 1', 'No such key: missing.'],
    ['parameters.list[7] == 1', 'index out of bounds'],
    ['parameters.version > 1', 'no such overload'],
    ['1 / 0 == 1', 'division by zero.'],
    ['steps.unknown.outcome == "ERROR"', 'No such key: unknown.'],
    ['parameters.count > ', 'The expression ends in the middle.'],
    ['parameters.ratio / 0', 'It gave no value that JSON can hold.'],
  ])('says which and why, as the error of a step: %s', (text, reason) => {
    const evaluation = evaluate(text, scope);
    expect(evaluation).toEqual({ error: expect.objectContaining({ code: 'EXPRESSION_FAILED' }) });
    expect('error' in evaluation && evaluation.error.message).toContain(`\`${text}\` could not be evaluated.`);
    expect('error' in evaluation && evaluation.error.message).toContain(reason);
  });

  it('is a condition that gives neither true nor false', () => {
    expect(holds('parameters.dry', scope)).toEqual({ value: false });
    expect(holds('parameters.version', scope)).toEqual({
      error: {
        code: 'EXPRESSION_FAILED',
        message: 'The expression `parameters.version` could not be evaluated. It gave "1.2".',
        fix: 'A condition must give true or false; compare the value.',
      },
    });
  });
});
