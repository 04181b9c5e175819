import type { Problem } from '@runledger/kernel';
import { checkExpression, type ExpressionNames } from '../expressions/check-expression.js';
import type { LocatedDocument, Path } from './located-document.js';
import { allNeedsOf, isRecord, MAX_PROBLEMS, type StepSketch } from './step-graph.js';

/** What is wrong with the conditions of steps and routes, each at the character where it is. */
export function conditionProblems(
  document: LocatedDocument,
  steps: readonly StepSketch[],
  parameters: ExpressionNames['parameters'],
): Problem[] {
  const byKey = new Map(steps.map(step => [step.key, step]));
  const problems: Problem[] = [];
  for (const step of steps) {
    for (const { path, text, ended } of conditionsOf(step)) {
      const names = { parameters, steps: byKey, done: doneBefore(step, byKey, ended), ended };
      for (const { offset, message, fix } of checkExpression(text, names)) {
        problems.push(document.problemWithin(path, { text, offset }, message, fix));
      }
    }
    if (problems.length >= MAX_PROBLEMS) break;
  }
  return problems;
}

interface Condition {
  readonly path: Path;
  readonly text: string;
  /** A route is chosen when its step has ended. */
  readonly ended: boolean;
}

function conditionsOf(step: StepSketch): Condition[] {
  const path = ['steps', step.index];
  const routes = Array.isArray(step.raw['routes']) ? (step.raw['routes'] as unknown[]) : [];
  const all = [
    { path: [...path, 'if'], text: step.raw['if'], ended: false },
    ...routes.map((rule, index) => ({
      path: [...path, 'routes', index, 'if'],
      text: isRecord(rule) ? rule['if'] : undefined,
      ended: true,
    })),
  ];
  return all.flatMap(({ text, ...rest }) => (typeof text === 'string' ? [{ ...rest, text }] : []));
}

/** Most conditions speak of direct needs: all the others are looked for only when one does not. */
function doneBefore(step: StepSketch, steps: ReadonlyMap<string, StepSketch>, ended: boolean): ExpressionNames['done'] {
  const direct = new Set(step.needs.map(({ key }) => key));
  let all: ReadonlySet<string> | undefined;
  return {
    has: key => {
      if (key === step.key) return ended;
      if (direct.has(key)) return steps.has(key);
      if (!steps.has(key)) return false;
      all ??= allNeedsOf(step.key, steps);
      return all.has(key);
    },
  };
}
