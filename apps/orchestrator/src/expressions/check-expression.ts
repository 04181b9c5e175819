import { closestWord } from '@runledger/kernel';
import type { ASTNode } from '@marcbachmann/cel-js';
import { literalProblems, type KnownParameter } from './expression-literals.js';
import { operandsOf, parseExpression, type ExpressionProblem } from './expression-language.js';
import { didYouMean, parameterOf, problem, profileProblems, STEP_FIELDS, stepOf } from './expression-profile.js';

/** What an expression at some place may name. */
export interface ExpressionNames {
  readonly parameters: ReadonlyMap<string, KnownParameter>;
  /** Every step of the flow, to tell a misspelt key from one that need not be done by then. */
  readonly steps: { has(key: string): boolean; keys(): Iterable<string> };
  /** The steps that are done when the expression is evaluated. */
  readonly done: { has(key: string): boolean };
  /** Whether `outcome` and `output` mean something: in routes. */
  readonly ended: boolean;
}

/** Everything that is wrong with a condition, as far as it can be known without evaluating it; empty when nothing is. */
export function checkExpression(text: string, names: ExpressionNames): ExpressionProblem[] {
  const read = parseExpression(text);
  const problems = 'problem' in read ? [read.problem] : checkParsed(read.parsed.ast, names);
  if (problems.length > 0) return dashedKey(text, names) ?? problems;
  return 'problem' in read ? [] : typeProblems(read.parsed);
}

function checkParsed(root: ASTNode, names: ExpressionNames): ExpressionProblem[] {
  const problems = [...profileProblems(root), ...nameProblems(root, names)];
  return problems.length > 0 ? problems : literalProblems(root, names.parameters);
}

function nameProblems(node: ASTNode, names: ExpressionNames): ExpressionProblem[] {
  const step = stepOf(node);
  if (step) return stepProblems(node, step.key, names);
  const [owner] = operandsOf(node);
  const inner = operandsOf(node).flatMap(operand => nameProblems(operand, names));
  const own =
    (owner && stepOf(owner) ? fieldProblem(node) : undefined) ??
    parameterProblem(node, names) ??
    endedProblem(node, names) ??
    eventProblem(node);
  return own ? [own, ...inner] : inner;
}

function stepProblems(node: ASTNode, key: string, { steps, done }: ExpressionNames): ExpressionProblem[] {
  if (done.has(key)) return [];
  if (steps.has(key)) {
    return [problem(node, `\`${key}\` need not be done by then.`, `Add \`${key}\` to the \`needs\` of this step.`)];
  }
  const meant = closestWord(key, steps.keys());
  return [
    problem(
      node,
      `No step has the key \`${key}\`.`,
      meant === undefined ? 'Name a step of this flow.' : didYouMean(meant),
    ),
  ];
}

/** What may follow the name of a step. */
function fieldProblem(node: ASTNode): ExpressionProblem | undefined {
  const field = node.op === '.' ? node.args[1] : undefined;
  if (STEP_FIELDS.some(known => known === field)) return undefined;
  const meant = field === undefined ? undefined : closestWord(field, STEP_FIELDS);
  return problem(
    node,
    `Of a step there are ${STEP_FIELDS.join(', ')}.`,
    meant === undefined ? 'Write one of them behind a dot.' : didYouMean(meant),
  );
}

function parameterProblem(node: ASTNode, { parameters }: ExpressionNames): ExpressionProblem | undefined {
  const name = parameterOf(node);
  if (name === undefined || parameters.has(name)) return undefined;
  const meant = closestWord(name, parameters.keys());
  return problem(
    node,
    `The flow has no parameter \`${name}\`.`,
    meant === undefined ? `Declare \`${name}\` under \`parameters\`.` : didYouMean(meant),
  );
}

function endedProblem(node: ASTNode, { ended }: ExpressionNames): ExpressionProblem | undefined {
  if (ended || node.op !== 'id' || (node.args !== 'outcome' && node.args !== 'output')) return undefined;
  return problem(
    node,
    `\`${node.args}\` means something in \`routes\` only: here no step has just ended.`,
    `Write \`steps.<key>.${node.args}\`.`,
  );
}

function eventProblem(node: ASTNode): ExpressionProblem | undefined {
  if (node.op !== 'id' || node.args !== 'event') return undefined;
  const message = '`event` means something in triggers on events only.';
  return problem(node, message, 'Let the trigger hand it over as a parameter.');
}

/** Keys of steps may hold dashes, which expressions take for minus. */
function dashedKey(text: string, { steps }: ExpressionNames): ExpressionProblem[] | undefined {
  for (const match of text.matchAll(/\bsteps\.([a-z][a-z0-9]*(?:-[a-z0-9]+)+)/g)) {
    const key = match[1] ?? '';
    if (!steps.has(key)) continue;
    const fix = `Write \`steps["${key}"]\`.`;
    return [{ message: `\`steps.${key}\` reads as a subtraction.`, fix, offset: match.index }];
  }
  return undefined;
}

function typeProblems(parsed: { check(): { valid: boolean; type?: string; error?: Error } }): ExpressionProblem[] {
  const { valid, type, error } = parsed.check();
  if (!valid) return [typeProblem(error)];
  if (type === 'bool' || type === 'dyn') return [];
  return [{ message: `It gives a value of type ${type ?? 'unknown'}.`, fix: NOT_A_CONDITION, offset: 0 }];
}

const NOT_A_CONDITION = 'A condition must give true or false; compare the value.';

function typeProblem(error: Error | undefined): ExpressionProblem {
  const summary = error && 'summary' in error && typeof error.summary === 'string' ? error.summary : error?.message;
  const range = error && 'range' in error ? (error.range as { readonly start: number } | undefined) : undefined;
  return {
    message: `It can never be evaluated: ${summary ?? 'its types do not fit'}.`,
    fix: 'Compare values of one kind; text stands in quotes, numbers do not.',
    offset: range?.start ?? 0,
  };
}
