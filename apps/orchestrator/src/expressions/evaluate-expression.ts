import type { ASTNode } from '@marcbachmann/cel-js';
import type { AttemptOutcome, Json, StepError } from '@runledger/contracts';
import { shortened } from '@runledger/kernel';
import { costOf } from './expression-cost.js';
import { operandsOf, parseExpression, type ExpressionProblem } from './expression-language.js';
import { profileProblems, stepOf } from './expression-profile.js';
import { jsonOf, ScopeMeasure, TOO_DEEP, type ScopeValue } from './scope-values.js';

/** How a step ended, for expressions. `SKIPPED`: it was left out. */
export interface StepInScope {
  readonly outcome: AttemptOutcome | 'SKIPPED';
  readonly summary?: string | undefined;
  readonly output?: Json | undefined;
}

/** What an expression is evaluated on. */
export interface ExpressionScope {
  readonly parameters: Readonly<Record<string, Json>>;
  /** At least those that {@link stepsNamedIn} finds. */
  readonly steps: Readonly<Record<string, StepInScope>>;
  readonly run: Readonly<Record<string, Json>>;
  /** Of the step that has just ended; in routes only. */
  readonly outcome?: AttemptOutcome | undefined;
  readonly output?: Json | undefined;
  /** What happened; in triggers only. */
  readonly event?: Readonly<Record<string, Json>> | undefined;
}

/** What came out, or why nothing did: an error that a step can fail with. */
export type Evaluation<T> = { readonly value: T } | { readonly error: StepError };

/** Most work of one evaluation, in values looked at: a few tenths of a second. */
const MAX_COST = 1_000_000;

/**
 * The value of an expression. Pure, and bounded in time and memory whatever the expression and the scope are: what could take
 * longer is refused before it begins.
 */
export function evaluate(text: string, scope: ExpressionScope): Evaluation<Json> {
  const read = parseExpression(text);
  if ('problem' in read) return failed(text, read.problem);
  const [unfit] = profileProblems(read.parsed.ast);
  if (unfit) return failed(text, unfit);
  const measure = new ScopeMeasure();
  const values = scopeValues(measure, namedSteps(read.parsed.ast), scope);
  if (values === undefined) return failed(text, { message: 'A value in it is nested too deeply.', fix: COMPUTE });
  if (costOf(read.parsed.ast, measure) > MAX_COST) {
    return failed(text, { message: 'It would look at too many values.', fix: COMPUTE });
  }
  return computed(text, () => read.parsed(values) as unknown);
}

/** Whether a condition holds; anything but true and false is an error. */
export function holds(text: string, scope: ExpressionScope): Evaluation<boolean> {
  const evaluation = evaluate(text, scope);
  if ('error' in evaluation) return evaluation;
  if (typeof evaluation.value === 'boolean') return { value: evaluation.value };
  const found = shortened(JSON.stringify(evaluation.value), 100);
  return failed(text, { message: `It gave ${found}.`, fix: 'A condition must give true or false; compare the value.' });
}

/** Keys of the steps that an expression speaks of; none for one that cannot be read. */
export function stepsNamedIn(text: string): string[] {
  const read = parseExpression(text);
  return 'problem' in read ? [] : namedSteps(read.parsed.ast);
}

const COMPUTE = 'Let a step compute it, and use its output.';

function namedSteps(node: ASTNode): string[] {
  const step = stepOf(node);
  return step ? [step.key] : [...new Set(operandsOf(node).flatMap(namedSteps))];
}

function scopeValues(measure: ScopeMeasure, keys: readonly string[], scope: ExpressionScope) {
  const named = keys.flatMap(key => {
    const step = Object.hasOwn(scope.steps, key) ? scope.steps[key] : undefined;
    return step
      ? [[key, { outcome: step.outcome, summary: step.summary ?? null, output: step.output ?? null }] as const]
      : [];
  });
  const roots: Readonly<Record<string, Json>> = {
    parameters: scope.parameters,
    steps: Object.fromEntries(named),
    run: scope.run,
    outcome: scope.outcome ?? null,
    output: scope.output ?? null,
    event: scope.event ?? null,
  };
  const values: Record<string, ScopeValue> = {};
  for (const [root, json] of Object.entries(roots)) {
    const value = measure.take(json);
    if (value === TOO_DEEP) return undefined;
    values[root] = value;
  }
  return values;
}

function computed(text: string, compute: () => unknown): Evaluation<Json> {
  try {
    const value = jsonOf(compute());
    return value === undefined ? failed(text, { message: 'It gave no value that JSON can hold.' }) : { value };
  } catch (error) {
    // Whatever the library throws is about this expression on these values: the step fails with it, and says so.
    if (!(error instanceof Error)) throw error;
    return failed(text, { message: `${summaryOf(error)}.`, fix: 'Ask `has(…)` first for what may be missing.' });
  }
}

function summaryOf(error: Error): string {
  return 'summary' in error && typeof error.summary === 'string' ? error.summary : error.message;
}

function failed(
  text: string,
  { message, fix }: Pick<ExpressionProblem, 'message' | 'fix'>,
): { readonly error: StepError } {
  const shown = shortened(text, 200);
  return {
    error: {
      code: 'EXPRESSION_FAILED',
      message: `The expression \`${shown}\` could not be evaluated. ${message}`,
      ...(fix === undefined ? {} : { fix }),
    },
  };
}
