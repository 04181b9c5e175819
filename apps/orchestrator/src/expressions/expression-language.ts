import { Environment, ParseError, type ASTNode, type ParseResult } from '@marcbachmann/cel-js';

/** One thing that is wrong with an expression; `offset` counts characters from its beginning. */
export interface ExpressionProblem {
  readonly message: string;
  readonly fix?: string;
  readonly offset: number;
}

export type ParsedExpression = { readonly parsed: ParseResult } | { readonly problem: ExpressionProblem };

/** What an expression can speak of. `outcome` and `output` are those of the step that has just ended, `event` is what triggers run on. */
export const ROOTS = ['parameters', 'steps', 'run', 'outcome', 'output', 'event'] as const;
export type Root = (typeof ROOTS)[number];

/** More than people write and few enough that looking at each takes no time. */
const MAX_NODES = 500;
const MAX_DEPTH = 40;

const ARITHMETIC: Readonly<Record<string, (left: number, right: number) => number>> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => left / right,
  '%': (left, right) => left % right,
};

const language = newLanguage();

/** Reads the Common Expression Language; `expression-profile.ts` says which part of it is used here. */
export function parseExpression(text: string): ParsedExpression {
  try {
    return { parsed: language.parse(text) };
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    return { problem: parseProblem(text, error) };
  }
}

/** The operands of a node, in the order in which they are written. */
export function operandsOf(node: ASTNode): readonly ASTNode[] {
  switch (node.op) {
    case 'value':
    case 'id':
      return [];
    case '.':
    case '.?':
      return [node.args[0]];
    case 'call':
      return node.args[1];
    case 'rcall':
      return [node.args[1], ...node.args[2]];
    case '!_':
    case '-_':
      return [node.args];
    case 'map':
      return node.args.flat();
    default:
      return node.args;
  }
}

/**
 * JSON knows one kind of number and the language two, which it does not mix. All numbers of a scope are `double`; these
 * overloads let people write `output.count + 1` all the same.
 */
function newLanguage(): Environment {
  const environment = new Environment({
    homogeneousAggregateLiterals: false,
    limits: { maxAstNodes: MAX_NODES, maxDepth: MAX_DEPTH, maxListElements: MAX_NODES },
  });
  for (const root of ROOTS) environment.registerVariable(root, 'dyn');
  for (const [sign, calculate] of Object.entries(ARITHMETIC)) {
    const mixed = (left: number | bigint, right: number | bigint) => calculate(Number(left), Number(right));
    environment.registerOperator(`double ${sign} int: double`, mixed);
    environment.registerOperator(`int ${sign} double: double`, mixed);
    if (sign === '%') environment.registerOperator(`double ${sign} double: double`, mixed);
  }
  return environment;
}

function parseProblem(text: string, { code, summary, range }: ParseError): ExpressionProblem {
  const offset = Math.min(range?.start ?? 0, text.length);
  if (text.trimStart().startsWith('{{')) {
    return { message: 'Braces are not part of expressions.', fix: 'Leave them out.', offset: 0 };
  }
  if (code === 'limit_exceeded') {
    return { message: 'The expression is too large.', fix: 'Let a step compute it, and use its output.', offset };
  }
  if (offset >= text.length) {
    return { message: 'The expression ends in the middle.', fix: 'Complete it, or remove the last operator.', offset };
  }
  const fix = parseFix(text, offset);
  return { message: `${summary}.`, ...(fix === undefined ? {} : { fix }), offset };
}

/** What people mean who are used to other languages. */
function parseFix(text: string, offset: number): string | undefined {
  const rest = text.slice(offset);
  if (rest.startsWith('=')) return text[offset - 1] === '=' ? 'Write `==`.' : 'Write `==` to compare.';
  if (rest.startsWith('&')) return 'Write `&&`.';
  if (rest.startsWith('|')) return 'Write `||`.';
  if (/^and\b/i.test(rest)) return 'Write `&&`.';
  if (/^or\b/i.test(rest)) return 'Write `||`.';
  return undefined;
}
