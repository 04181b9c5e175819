import { closestWord } from '@runledger/kernel';
import type { ASTNode } from '@marcbachmann/cel-js';
import { operandsOf, ROOTS, type ExpressionProblem } from './expression-language.js';

/**
 * The part of the language that flows use. Left out is what cannot be bounded (regular expressions, `cel.bind`, `join`), what
 * needs a clock or a calendar, and what JSON does not have (bytes, unsigned numbers).
 */
const FUNCTIONS = new Set(['has', 'size', 'int', 'double', 'string']);
const METHODS = new Set(['size', 'contains', 'startsWith', 'endsWith', 'lowerAscii', 'upperAscii', 'trim']);
const LOOPS = new Set(['all', 'exists', 'exists_one', 'filter', 'map']);
/** Loops inside of loops. */
const MAX_LOOP_DEPTH = 2;

export const STEP_FIELDS = ['outcome', 'summary', 'output'] as const;

/** `steps.<key>` or `steps["<key>"]`, and where it stands. */
export interface NamedStep {
  readonly key: string;
  readonly offset: number;
}

/** What flows can speak of. */
const IN_FLOWS: readonly string[] = ROOTS.filter(root => root !== 'event');

interface Place {
  readonly locals: ReadonlySet<string>;
  readonly loops: number;
  /** What is offered instead of a name that is not known; left out: what flows can speak of. */
  readonly offered?: readonly string[];
}

/** What an expression uses that is not part of the language here; empty when it can be evaluated within bounds. */
export function profileProblems(node: ASTNode, place: Place = { locals: new Set(), loops: 0 }): ExpressionProblem[] {
  const step = stepOf(node);
  if (step) return [];
  const own = ownProblem(node, place);
  if (own) return [own];
  return operandsOf(node).flatMap(operand => profileProblems(operand, placeOf(node, operand, place)));
}

/** The step that the node names; undefined when the node is something else. */
export function stepOf(node: ASTNode): NamedStep | undefined {
  if (node.op !== '.' && node.op !== '[]') return undefined;
  const [owner, name] = node.args;
  if (owner.op !== 'id' || owner.args !== 'steps') return undefined;
  if (typeof name === 'string') return { key: name, offset: node.start };
  return name.op === 'value' && typeof name.args === 'string' ? { key: name.args, offset: node.start } : undefined;
}

/** The parameter that the node names. */
export function parameterOf(node: ASTNode): string | undefined {
  if (node.op !== '.' && node.op !== '[]') return undefined;
  const [owner, name] = node.args;
  if (owner.op !== 'id' || owner.args !== 'parameters') return undefined;
  if (typeof name === 'string') return name;
  return name.op === 'value' && typeof name.args === 'string' ? name.args : undefined;
}

/** The loop that the node is, if it is one: its variable and what is looped over. */
export function loopOf(node: ASTNode): { readonly variable: ASTNode; readonly over: ASTNode } | undefined {
  if (node.op !== 'rcall' || !LOOPS.has(node.args[0])) return undefined;
  const [, over, [variable]] = node.args;
  return variable ? { variable, over } : undefined;
}

function placeOf(node: ASTNode, operand: ASTNode, place: Place): Place {
  const loop = loopOf(node);
  if (!loop || operand === loop.over || loop.variable.op !== 'id') return place;
  return { ...place, locals: new Set([...place.locals, loop.variable.args]), loops: place.loops + 1 };
}

function ownProblem(node: ASTNode, place: Place): ExpressionProblem | undefined {
  switch (node.op) {
    case 'value':
      return typeof node.args === 'object' && node.args !== null ? unknownLiteral(node) : undefined;
    case 'map':
      return problem(node, 'Blocks in braces are not part of expressions.', 'Compare single fields.');
    case 'id':
      return idProblem(node, node.args, place);
    case 'call':
      return FUNCTIONS.has(node.args[0]) ? undefined : unknownFunction(node, node.args[0], FUNCTIONS);
    case 'rcall':
      return methodProblem(node, node.args[0], place);
    default:
      return undefined;
  }
}

function idProblem(node: ASTNode, name: string, { locals, offered = IN_FLOWS }: Place): ExpressionProblem | undefined {
  if (locals.has(name)) return undefined;
  if (name === 'steps') return problem(node, '`steps` alone is no value.', 'Name one: `steps.<key>.outcome`.');
  if (ROOTS.some(root => root === name)) return undefined;
  const known = [...offered, ...locals];
  const meant = closestWord(name, known);
  const fix = meant === undefined ? `Known here: ${known.join(', ')}. Text stands in quotes.` : didYouMean(meant);
  return problem(node, `\`${name}\` is not known.`, fix);
}

function methodProblem(node: ASTNode, name: string, place: Place): ExpressionProblem | undefined {
  const loop = loopOf(node);
  if (!loop) {
    if (METHODS.has(name)) return undefined;
    if (name === 'matches')
      return problem(
        node,
        'Regular expressions are not part of expressions.',
        'Use `contains`, `startsWith` or `endsWith`.',
      );
    return unknownFunction(node, name, new Set([...METHODS, ...LOOPS]));
  }
  const { variable } = loop;
  if (variable.op === 'id' && ROOTS.some(root => root === variable.args)) {
    return problem(variable, `\`${variable.args}\` already means something.`, 'Choose another name, such as `item`.');
  }
  if (place.loops < MAX_LOOP_DEPTH) return undefined;
  return problem(
    node,
    `Loops stand in loops more than ${MAX_LOOP_DEPTH} deep.`,
    'Let a step compute it, and use its output.',
  );
}

function unknownLiteral(node: ASTNode): ExpressionProblem {
  return problem(node, 'Bytes and unsigned numbers are not part of expressions.', 'Remove the letter b or u.');
}

function unknownFunction(node: ASTNode, name: string, known: ReadonlySet<string>): ExpressionProblem {
  const meant = closestWord(name, known);
  return problem(
    node,
    `There is no function \`${name}\`.`,
    meant === undefined ? `Known here: ${[...known].join(', ')}.` : didYouMean(meant),
  );
}

export function problem(node: ASTNode, message: string, fix: string): ExpressionProblem {
  return { message, fix, offset: node.start };
}

export function didYouMean(word: string): string {
  return `Did you mean \`${word}\`?`;
}
