import { closestWord } from '@runledger/kernel';
import { durationText, readDuration } from '@runledger/contracts';
import type { Problem } from '@runledger/kernel';
import type { LocatedDocument, Path } from './located-document.js';
import { isRecord, type StepSketch } from './step-graph.js';

/** Routes that lead nowhere or are never taken, and retries that say one thing twice. */
export function outcomeProblems(
  document: LocatedDocument,
  step: StepSketch,
  steps: ReadonlyMap<string, StepSketch>,
): Problem[] {
  return [...routeProblems(document, step, steps), ...retryProblems(document, step)];
}

function routeProblems(document: LocatedDocument, step: StepSketch, steps: ReadonlyMap<string, StepSketch>): Problem[] {
  const routes = Array.isArray(step.raw['routes']) ? (step.raw['routes'] as unknown[]) : [];
  const path = ['steps', step.index, 'routes'];
  const targets = routes.flatMap((rule, index) => targetsOf(rule, [...path, index]));
  const wrong = targets.flatMap(target => {
    const told = wrongTarget(step, target.key, steps);
    return told ? [document.problem(target.path, told.message, { fix: told.fix })] : [];
  });
  const always = routes.findIndex(rule => isRecord(rule) && rule['on'] === undefined && rule['if'] === undefined);
  if (always === -1 || always === routes.length - 1) return wrong;
  const { line } = document.placeOf([...path, always]);
  const unreached = document.problem(
    [...path, always + 1],
    `This rule is never reached: the one on line ${line} always fits.`,
    {
      fix: 'Move the rule without `on` and `if` to the end.',
    },
  );
  return [...wrong, unreached];
}

function targetsOf(rule: unknown, path: Path): { readonly key: string; readonly path: Path }[] {
  if (!isRecord(rule)) return [];
  const { to } = rule;
  if (typeof to === 'string') return [{ key: to, path: [...path, 'to'] }];
  if (!Array.isArray(to)) return [];
  return to.flatMap((key: unknown, index) => (typeof key === 'string' ? [{ key, path: [...path, 'to', index] }] : []));
}

function wrongTarget(step: StepSketch, key: string, steps: ReadonlyMap<string, StepSketch>) {
  const target = steps.get(key);
  if (!target) {
    const meant = closestWord(key, steps.keys());
    const fix = meant === undefined ? `Name a step that needs \`${step.key}\`.` : `Did you mean \`${meant}\`?`;
    return { message: `No step has the key \`${key}\`.`, fix };
  }
  if (target.needs.some(need => need.key === step.key)) return undefined;
  return {
    message: `\`${key}\` does not need \`${step.key}\`, so no route can lead from \`${step.key}\` to it.`,
    fix: `Add \`${step.key}\` to the \`needs\` of \`${key}\`.`,
  };
}

function retryProblems(document: LocatedDocument, step: StepSketch): Problem[] {
  const { onFailure } = step.raw;
  const retry = isRecord(onFailure) && isRecord(onFailure['retry']) ? onFailure['retry'] : undefined;
  if (!retry) return [];
  const path = ['steps', step.index, 'onFailure', 'retry'];
  const twice = [
    ['backoff', 'backoffMs'],
    ['maxBackoff', 'maxBackoffMs'],
  ].flatMap(([short = '', long = '']) => {
    if (retry[short] === undefined || retry[long] === undefined) return [];
    return [
      document.problem(path, `\`${short}\` and \`${long}\` say the same thing.`, {
        fix: `Keep \`${short}\`.`,
        key: long,
      }),
    ];
  });
  return [...twice, ...backoffProblems(document, path, retry)];
}

function backoffProblems(document: LocatedDocument, path: Path, retry: Readonly<Record<string, unknown>>): Problem[] {
  const first = readDuration(retry['backoff'] ?? retry['backoffMs'] ?? '10s');
  const most = readDuration(retry['maxBackoff'] ?? retry['maxBackoffMs'] ?? '10m');
  if (first === undefined || most === undefined || first <= most) return [];
  const key = ['maxBackoff', 'maxBackoffMs', 'backoff', 'backoffMs'].find(word => retry[word] !== undefined);
  return [
    document.problem(
      path,
      `The first wait (${durationText(first)}) is longer than the longest (${durationText(most)}).`,
      {
        fix: `Write \`maxBackoff: ${durationText(first)}\` or more.`,
        ...(key === undefined ? {} : { key }),
      },
    ),
  ];
}
