import { closestWord } from '@runledger/kernel';
import type { Problem } from '@runledger/kernel';
import { referencesIn } from '../references/references.js';
import type { LocatedDocument } from './located-document.js';
import { isRecord } from './step-graph.js';

/** References in a flow's concurrency key to something else than a declared parameter or the subject: nothing else is known at a start. */
export function concurrencyProblems(document: LocatedDocument, parameters: ReadonlySet<string>): Problem[] {
  const written = isRecord(document.value) ? document.value['concurrency'] : undefined;
  const path = isRecord(written) ? ['concurrency', 'key'] : ['concurrency'];
  const key = isRecord(written) ? written['key'] : written;
  if (typeof key !== 'string') return [];
  return referencesIn(key).flatMap(reference => {
    if (reference.kind === 'subject') return [];
    if (reference.kind === 'parameter') {
      if (parameters.has(reference.name)) return [];
      const meant = closestWord(reference.name, parameters);
      const fix =
        meant === undefined ? `Declare \`${reference.name}\` under \`parameters\`.` : `Did you mean \`${meant}\`?`;
      return [document.problem(path, `The flow has no parameter \`${reference.name}\`.`, { fix })];
    }
    const named = reference.kind === 'step' ? `steps.${reference.step}` : reference.text;
    return [
      document.problem(path, `\`{{ ${named} }}\` is not known when a run starts.`, {
        fix: 'A concurrency key may hold {{ parameters.<name> }} and {{ subject.<kind|id|url|context> }} only.',
      }),
    ];
  });
}
