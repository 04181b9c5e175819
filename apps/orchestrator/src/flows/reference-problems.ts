import { closestWord } from '@runledger/kernel';
import type { Problem } from '@runledger/kernel';
import { referencesIn, type MalformedReference, type Reference } from '../references/references.js';
import type { LocatedDocument, Path } from './located-document.js';
import { allNeedsOf, isRecord, MAX_PROBLEMS, type StepSketch } from './step-graph.js';

/** References in texts for agents and functions that name nothing: a parameter not declared, a step not needed, an unknown field. */
export function referenceProblems(
  document: LocatedDocument,
  steps: readonly StepSketch[],
  parameterNames: ReadonlySet<string>,
): Problem[] {
  const byKey = new Map(steps.map(step => [step.key, step]));
  const problems: Problem[] = [];
  for (const step of steps) {
    const texts = filledTexts(step).filter(({ text }) => text.includes('{{'));
    if (texts.length === 0) continue;
    const scope = { step: step.key, parameterNames, steps: byKey, before: allNeedsOf(step.key, byKey) };
    for (const { path, text } of texts) {
      const wrong = wrongReferences(text, scope, MAX_PROBLEMS - problems.length);
      problems.push(...wrong.map(({ message, fix }) => document.problem(path, message, { fix })));
    }
    if (problems.length >= MAX_PROBLEMS) break;
  }
  return problems;
}

interface Wrong {
  readonly message: string;
  readonly fix: string;
}

function wrongReferences(text: string, scope: Scope, most: number): Wrong[] {
  const found: Wrong[] = [];
  for (const reference of referencesIn(text)) {
    if (found.length >= most) break;
    const wrong = check(reference, scope);
    if (wrong) found.push(wrong);
  }
  return found;
}

interface Scope {
  readonly step: string;
  readonly parameterNames: ReadonlySet<string>;
  readonly steps: ReadonlyMap<string, StepSketch>;
  readonly before: ReadonlySet<string>;
}

function check(reference: Reference | MalformedReference, scope: Scope): Wrong | undefined {
  switch (reference.kind) {
    case 'malformed':
      return {
        message: `\`{{ ${reference.text} }}\` names nothing.`,
        fix: 'Write parameters.<name>, subject.<kind|id|url|context>, steps.<key>.summary or steps.<key>.output; for literal braces write \\{{.',
      };
    case 'parameter': {
      if (scope.parameterNames.has(reference.name)) return undefined;
      const meant = closestWord(reference.name, scope.parameterNames);
      return {
        message: `The flow has no parameter \`${reference.name}\`.`,
        fix: meant === undefined ? `Declare \`${reference.name}\` under \`parameters\`.` : `Did you mean \`${meant}\`?`,
      };
    }
    case 'subject':
      return undefined; // what a run is about is known when it starts
    case 'step':
      return checkStep(reference.step, scope);
  }
}

function checkStep(key: string, scope: Scope): Wrong | undefined {
  if (key !== scope.step && scope.before.has(key)) return undefined;
  if (key === scope.step) {
    return { message: `\`${key}\` refers to itself.`, fix: 'Refer to a step that is done before.' };
  }
  if (scope.steps.has(key)) {
    return {
      message: `\`${scope.step}\` refers to \`${key}\`, which need not be done by then.`,
      fix: `Add \`${key}\` to the \`needs\` of \`${scope.step}\`.`,
    };
  }
  const meant = closestWord(key, scope.steps.keys());
  return {
    message: `\`${scope.step}\` refers to \`${key}\`, but no step has that key.`,
    fix: meant === undefined ? 'Name a step that this one needs.' : `Did you mean \`${meant}\`?`,
  };
}

function filledTexts(step: StepSketch): { path: Path; text: string }[] {
  const { agent, function: called } = step.raw;
  if (isRecord(called)) return stringsIn(called['input'], ['steps', step.index, 'function', 'input']);
  if (!isRecord(agent)) return [];
  return (['instructions', 'prompt', 'script'] as const).flatMap(key =>
    stringsIn(agent[key], ['steps', step.index, 'agent', key]),
  );
}

function stringsIn(value: unknown, path: Path): { path: Path; text: string }[] {
  if (typeof value === 'string') return [{ path, text: value }];
  if (Array.isArray(value)) return value.flatMap((item, index) => stringsIn(item, [...path, index]));
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([key, member]) => stringsIn(member, [...path, key]));
}
