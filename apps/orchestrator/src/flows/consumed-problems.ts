import { closestWord } from '@runledger/kernel';
import type { Problem } from '@runledger/kernel';
import type { LocatedDocument } from './located-document.js';
import { allNeedsOf, isRecord, type StepSketch } from './step-graph.js';

/** Files of steps that are not done by then, that keep none, and places outside of the workspace. */
export function consumedProblems(
  document: LocatedDocument,
  step: StepSketch,
  byKey: ReadonlyMap<string, StepSketch>,
): Problem[] {
  const { consumes } = step.raw;
  if (!Array.isArray(consumes) || consumes.length === 0) return [];
  const before = allNeedsOf(step.key, byKey);
  return (consumes as unknown[]).flatMap((files, index) => {
    if (!isRecord(files)) return [];
    const at = ['steps', step.index, 'consumes', index];
    const wrong = wrongStep(step.key, files['step'], byKey, before);
    return [
      ...(wrong ? [document.problem([...at, 'step'], wrong.message, { fix: wrong.fix })] : []),
      ...(['name', 'path'] as const).flatMap(key =>
        leadsOut(files[key])
          ? [document.problem([...at, key], `\`${String(files[key])}\` leads out of the workspace.`, { fix: OUTSIDE })]
          : [],
      ),
    ];
  });
}

const OUTSIDE = 'Write a path below the workspace, without `..` and without a leading `/`.';

function wrongStep(
  own: string,
  key: unknown,
  byKey: ReadonlyMap<string, StepSketch>,
  before: ReadonlySet<string>,
): { readonly message: string; readonly fix: string } | undefined {
  if (typeof key !== 'string') return undefined;
  const source = byKey.get(key);
  if (!source) {
    const meant = closestWord(key, byKey.keys());
    return {
      message: `\`${own}\` consumes files of \`${key}\`, but no step has that key.`,
      fix: meant === undefined ? 'Name a step that this one needs.' : `Did you mean \`${meant}\`?`,
    };
  }
  if (key === own || !before.has(key)) {
    return {
      message: `\`${own}\` consumes files of \`${key}\`, which need not be done by then.`,
      fix: `Add \`${key}\` to the \`needs\` of \`${own}\`.`,
    };
  }
  const { artifacts } = source.raw;
  if (Array.isArray(artifacts) && artifacts.length > 0) return undefined;
  return { message: `\`${key}\` keeps no files.`, fix: `Give \`${key}\` the \`artifacts\` that \`${own}\` consumes.` };
}

function leadsOut(path: unknown): boolean {
  return typeof path === 'string' && (/^[/\\]|\0/.test(path) || path.split(/[/\\]/).includes('..'));
}
