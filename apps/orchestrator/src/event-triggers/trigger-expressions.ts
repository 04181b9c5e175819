import { closestWord } from '@runledger/kernel';
import type { ASTNode } from '@marcbachmann/cel-js';
import type { InputOf, CreateEventTrigger } from '@runledger/contracts';
import { TRIGGERING_EVENTS } from '@runledger/contracts';
import type { Problem } from '@runledger/kernel';
import { parseExpression, operandsOf, type ExpressionProblem } from '../expressions/expression-language.js';
import { didYouMean, problem, profileProblems } from '../expressions/expression-profile.js';

const OFFERED = ['event', 'run', 'parameters', 'steps'];

/** Everything that is wrong with what a trigger is to wait for and to hand over; empty when nothing is. */
export function triggerProblems({ event, condition, mapping }: InputOf<typeof CreateEventTrigger>): Problem[] {
  return [
    ...eventProblems(event),
    ...(condition === undefined ? [] : expressionProblems('condition', condition, true)),
    ...Object.entries(mapping).flatMap(([name, text]) => expressionProblems(`mapping.${name}`, text, false)),
  ];
}

function eventProblems(event: string): Problem[] {
  if (TRIGGERING_EVENTS.some(known => known === event)) return [];
  const meant = closestWord(event, TRIGGERING_EVENTS);
  const fix = meant === undefined ? `Take one of ${TRIGGERING_EVENTS.join(', ')}.` : didYouMean(meant);
  return [{ path: 'event', message: `Events of the type \`${event}\` start nothing.`, fix }];
}

function expressionProblems(path: string, text: string, isCondition: boolean): Problem[] {
  const read = parseExpression(text);
  if ('problem' in read) return [at(path, read.problem)];
  const { ast } = read.parsed;
  const found = [...profileProblems(ast, { locals: new Set(), loops: 0, offered: OFFERED }), ...endedProblems(ast)];
  if (found.length > 0) return found.map(one => at(path, one));
  const { valid, type, error } = read.parsed.check();
  if (!valid) return [{ path, message: `It can never be evaluated: ${error?.message ?? 'its types do not fit'}.` }];
  if (!isCondition || type === 'bool' || type === 'dyn') return [];
  const fix = 'A condition must give true or false; compare the value.';
  return [{ path, message: `It gives a value of type ${type ?? 'unknown'}.`, fix }];
}

function endedProblems(node: ASTNode): ExpressionProblem[] {
  const inner = operandsOf(node).flatMap(endedProblems);
  if (node.op !== 'id' || (node.args !== 'outcome' && node.args !== 'output')) return inner;
  const message = `\`${node.args}\` means something in \`routes\` of a flow only.`;
  return [problem(node, message, `Write \`steps.<key>.${node.args}\` or \`event.data\`.`), ...inner];
}

function at(path: string, { message, fix }: ExpressionProblem): Problem {
  return { path, message, ...(fix === undefined ? {} : { fix }) };
}
