import { checkExpression, type ExpressionNames } from './check-expression.js';

const names: ExpressionNames = {
  parameters: new Map([
    ['version', { type: 'string' as const }],
    ['count', { type: 'number' as const }],
    ['dry', { type: 'boolean' as const }],
    ['place', { type: 'string' as const, values: ['staging', 'production'] }],
    ['my-list', {}],
  ]),
  steps: new Map([
    ['test', 1],
    ['run-lint', 1],
    ['later', 1],
  ]),
  done: new Set(['test', 'run-lint']),
  ended: false,
};
const inRoutes = { ...names, ended: true };
const told = (text: string, known = names) =>
  checkExpression(text, known).map(({ offset, message, fix }) => `${offset}: ${message} ${fix ?? ''}`);

describe('an expression without problems', () => {
  it.each([
    'parameters.version == "1.0"',
    'parameters.count > 3 && !parameters.dry',
    'parameters.count + 1 <= 2.5 || parameters["my-list"].exists(item, item.name == "x")',
    'steps.test.outcome in ["SUCCESS", "SKIPPED"]',
    'steps["run-lint"].output.errors == 0',
    'has(steps.test.output.url) && steps.test.output.url.startsWith("https://")',
    'run.id != ""',
    'parameters.place == "staging" ? true : size(steps.test.summary) > 0',
    '"a" in parameters',
    '"run steps.zzz-y, and outcome" != steps.test.summary',
  ])('is %s', text => expect(told(text)).toEqual([]));

  it('may speak of the step that has just ended where one has', () => {
    expect(told('outcome == "ERROR" || output.risk > 0.5', inRoutes)).toEqual([]);
  });
});

describe('a problem of an expression', () => {
  it.each([
    ['parameters.version = "1"', '19: Unexpected character: =. Write `==` to compare.'],
    ['parameters.dry & true', '15: Unexpected character: &. Write `&&`.'],
    ['parameters.dry and true', "15: Unexpected character: 'd'. Write `&&`."],
    ['{{ parameters.dry }}', '0: Braces are not part of expressions. Leave them out.'],
    ['parameters.count >', '18: The expression ends in the middle. Complete it, or remove the last operator.'],
    ['', '0: The expression ends in the middle. Complete it, or remove the last operator.'],
    ['parameters.verson == "1"', '0: The flow has no parameter `verson`. Did you mean `version`?'],
    ['parameters["nothing"] == 1', '0: The flow has no parameter `nothing`. Declare `nothing` under `parameters`.'],
    ['steps.tst.outcome == "SUCCESS"', '0: No step has the key `tst`. Did you mean `test`?'],
    [
      'steps.later.outcome == "SUCCESS"',
      '0: `later` need not be done by then. Add `later` to the `needs` of this step.',
    ],
    ['steps.run-lint.outcome == "SUCCESS"', '0: `steps.run-lint` reads as a subtraction. Write `steps["run-lint"]`.'],
    ['steps.test.result == 1', '0: Of a step there are outcome, summary, output. Write one of them behind a dot.'],
    ['steps.test.outcom == "SUCCESS"', '0: Of a step there are outcome, summary, output. Did you mean `outcome`?'],
    ['steps.test.outcome == "SUCESS"', '22: It is never `"SUCESS"`. Did you mean `SUCCESS`?'],
    ['steps.test.outcome == "success"', '22: It is never `"success"`. Did you mean `SUCCESS`?'],
    ['size(steps) > 0', '5: `steps` alone is no value. Name one: `steps.<key>.outcome`.'],
    [
      'outcome == "ERROR"',
      '0: `outcome` means something in `routes` only: here no step has just ended. Write `steps.<key>.outcome`.',
    ],
    [
      'params.dry',
      '0: `params` is not known. Known here: parameters, steps, run, outcome, output. Text stands in quotes.',
    ],
    ['parameters.version == production', '22: `production` is not known.'],
    ['parameters.place in ["prod", "staging"]', '21: It is never `"prod"`. It can be `"staging"`, `"production"`.'],
    ['parameters.count == "3"', '20: `"3"` is never equal to a number. Leave the quotes out.'],
    ['parameters.version == 1', '22: `1` is never equal to a string. Put the text into quotes.'],
    ['parameters.version.matches("a+")', '0: Regular expressions are not part of expressions. Use `contains`'],
    ['parameters.version.startWith("a")', '0: There is no function `startWith`. Did you mean `startsWith`?'],
    ['cel.bind(x, "a", x == "a")', '0: There is no function `bind`.'],
    ['type(parameters.dry) == bool', '0: There is no function `type`.'],
    ['{"a": 1}.a == 1', '0: Blocks in braces are not part of expressions. Compare single fields.'],
    ['1u == 1', '0: Bytes and unsigned numbers are not part of expressions.'],
    ['parameters.version', ''],
    ['"text"', '0: It gives a value of type string. A condition must give true or false; compare the value.'],
    ['size(parameters.version)', '0: It gives a value of type int. A condition must give true or false'],
    ['parameters.dry && "yes"', '0: It can never be evaluated: Logical operator requires bool operands'],
    ['"1" < 2', '0: It can never be evaluated: no such overload: string < int.'],
    ['parameters["my-list"].exists(run, run == 1)', '29: `run` already means something. Choose another name'],
    [
      '[1].all(a, [2].all(b, [3].all(c, a < b && b < c)))',
      '22: Loops stand in loops more than 2 deep. Let a step compute it, and use its output.',
    ],
    ['('.repeat(60) + 'true' + ')'.repeat(60), 'The expression is too large.'],
    [`true${' && true'.repeat(490)}`, 'The expression is too large.'],
  ])('is told with its place and its fix: %s', (text, expected) => {
    expect(told(text).join('\n')).toContain(expected);
  });

  it('does not hide the others', () => {
    expect(told('parameters.a == 1 && steps.zz.outcome == "ERROR" && params == 1')).toHaveLength(3);
  });
});
