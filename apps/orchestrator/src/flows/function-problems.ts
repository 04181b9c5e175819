import { durationText, MAX_FUNCTION_TIMEOUT_MS, readDuration } from '@runledger/contracts';
import type { Problem } from '@runledger/kernel';
import type { LocatedDocument } from './located-document.js';
import type { StepSketch } from './step-graph.js';

/** What is said of a sandbox, which a function has not. */
const OF_SANDBOXES = ['artifacts', 'consumes', 'silence', 'silenceMs'] as const;

/** What a step with a function says without effect, and a time that is too long for one. */
export function functionProblems(document: LocatedDocument, step: StepSketch): Problem[] {
  if (step.raw['function'] === undefined) return [];
  return [...sandboxProblems(document, step), ...timeoutProblems(document, step)];
}

function sandboxProblems(document: LocatedDocument, { index, key: step, raw }: StepSketch): Problem[] {
  return OF_SANDBOXES.filter(key => raw[key] !== undefined && !isEmptyList(raw[key])).map(key =>
    document.problem(
      ['steps', index],
      `\`${step}\` calls a function, without a sandbox; \`${key}\` is for agents and \`run\`.`,
      {
        fix: `Remove \`${key}\`.`,
        key,
      },
    ),
  );
}

function timeoutProblems(document: LocatedDocument, { index, raw }: StepSketch): Problem[] {
  return (['timeout', 'timeoutMs'] as const).flatMap(key => {
    const written = raw[key];
    const ms = typeof written === 'string' ? readDuration(written) : written;
    if (typeof ms !== 'number' || ms <= MAX_FUNCTION_TIMEOUT_MS) return [];
    const most = durationText(MAX_FUNCTION_TIMEOUT_MS);
    return [
      document.problem(['steps', index], `A function may take ${most} at most.`, {
        fix: `Write ${most} or less; what takes longer belongs into a sandbox, with \`run\` or \`agent\`.`,
        key,
      }),
    ];
  });
}

/** As the stored form of every step says. */
function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}
