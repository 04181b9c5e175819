import { closestWord } from '@runledger/kernel';
import type { ASTNode } from '@marcbachmann/cel-js';
import { attemptOutcome } from '@runledger/contracts';
import { operandsOf, type ExpressionProblem } from './expression-language.js';
import { didYouMean, parameterOf, problem, stepOf } from './expression-profile.js';

/** What is known of a declared parameter. */
export interface KnownParameter {
  readonly type?: 'string' | 'number' | 'boolean' | undefined;
  /** The only values that it can have. */
  readonly values?: readonly unknown[] | undefined;
}

const OUTCOMES = attemptOutcome.options;

/** Comparisons with written values that can never be equal: a misspelt outcome, a number with text, a value no parameter has. */
export function literalProblems(node: ASTNode, parameters: ReadonlyMap<string, KnownParameter>): ExpressionProblem[] {
  const inner = operandsOf(node).flatMap(operand => literalProblems(operand, parameters));
  const comparisons = comparisonsIn(node).flatMap(({ value, written }) => {
    const known = knownOf(value, parameters);
    const wrong = known && mismatch(written, known);
    return wrong ? [wrong] : [];
  });
  return [...comparisons, ...inner];
}

interface Comparison {
  readonly value: ASTNode;
  readonly written: ASTNode;
}

function comparisonsIn(node: ASTNode): Comparison[] {
  if (node.op === '==' || node.op === '!=') {
    const [left, right] = node.args;
    if (right.op === 'value') return [{ value: left, written: right }];
    return left.op === 'value' ? [{ value: right, written: left }] : [];
  }
  if (node.op !== 'in' || node.args[1].op !== 'list') return [];
  const [value, list] = node.args;
  return list.args.flatMap(written => (written.op === 'value' ? [{ value, written }] : []));
}

function knownOf(node: ASTNode, parameters: ReadonlyMap<string, KnownParameter>): KnownParameter | undefined {
  if (node.op === 'id' && node.args === 'outcome') return { type: 'string', values: OUTCOMES };
  const [owner] = operandsOf(node);
  if (node.op === '.' && owner && stepOf(owner) && node.args[1] === 'outcome') {
    return { type: 'string', values: [...OUTCOMES, 'SKIPPED'] };
  }
  const name = parameterOf(node);
  return name === undefined ? undefined : parameters.get(name);
}

function mismatch(written: ASTNode, { type, values }: KnownParameter): ExpressionProblem | undefined {
  if (written.op !== 'value' || written.args === null) return undefined;
  const value = typeof written.args === 'bigint' ? Number(written.args) : written.args;
  if (type !== undefined && typeof value !== type) {
    return problem(written, `${shown(value)} is never equal to a ${type}.`, FIX[type]);
  }
  if (values === undefined || values.includes(value)) return undefined;
  const texts = values.filter(known => typeof known === 'string');
  const meant = typeof value === 'string' ? closestWord(value, texts) : undefined;
  const fix = meant === undefined ? `It can be ${values.map(shown).join(', ')}.` : didYouMean(meant);
  return problem(written, `It is never ${shown(value)}.`, fix);
}

const FIX = {
  string: 'Put the text into quotes.',
  number: 'Leave the quotes out.',
  boolean: 'Write true or false without quotes, or leave the comparison out.',
} as const;

function shown(value: unknown): string {
  return `\`${JSON.stringify(value)}\``;
}
