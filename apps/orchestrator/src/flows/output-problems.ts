import type { Problem } from '@runledger/kernel';
import type { LocatedDocument, Path } from './located-document.js';
import { FOR_OUTPUTS, schemaFaults, type SchemaFault } from './schema-faults.js';
import { isRecord, MAX_PROBLEMS, type StepSketch } from './step-graph.js';

/** Compiling one takes a millisecond or two. */
const MAX_SCHEMAS = 300;

/** What is wrong with the output schemas of the steps. */
export function outputProblems(document: LocatedDocument, steps: readonly StepSketch[]): Problem[] {
  const known = new Map<string, SchemaFault[]>();
  const problems: Problem[] = [];
  for (const step of steps) {
    const schema = isRecord(step.raw['output']) ? step.raw['output']['schema'] : undefined;
    if (!isRecord(schema)) continue;
    const place = ['steps', step.index, 'output', 'schema'];
    const text = JSON.stringify(schema);
    const faults = known.get(text) ?? schemaFaults(schema, FOR_OUTPUTS);
    known.set(text, faults);
    problems.push(...faults.map(fault => placed(document, place, fault)));
    if (problems.length >= MAX_PROBLEMS) return problems;
    if (known.size > MAX_SCHEMAS) {
      const message = `The flow has more than ${MAX_SCHEMAS} different output schemas.`;
      return [...problems, document.problem(place, message, { fix: 'Split the flow, or let steps share a schema.' })];
    }
  }
  return problems;
}

function placed(document: LocatedDocument, place: Path, { path, message, fix }: SchemaFault): Problem {
  const key = path.at(-1);
  return typeof key === 'string'
    ? document.problem([...place, ...path.slice(0, -1)], message, { fix, key })
    : document.problem([...place, ...path], message, { fix });
}
