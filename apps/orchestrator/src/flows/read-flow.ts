import { flowDefinition, type FlowDefinition, flowDocument } from '@runledger/contracts';
import { canonicalJson } from '@runledger/kernel';
import type { Problem } from '@runledger/kernel';
import { jsonBytes, MAX_WORK_BYTES, unstorableTexts } from '../values/storable-text.js';
import { concurrencyProblems } from './concurrency-problems.js';
import { conditionProblems } from './condition-problems.js';
import { locateDocument, type DocumentFormat, type LocatedDocument } from './located-document.js';
import { normaliseFlow } from './normalise-flow.js';
import { outputProblems } from './output-problems.js';
import { parameterProblems } from './parameter-problems.js';
import { referenceProblems } from './reference-problems.js';
import { issueProblems, shapeProblems } from './shape-problems.js';
import { graphProblems, MAX_PROBLEMS, sketchSteps } from './step-graph.js';
import { stepProblems } from './step-problems.js';

/** Largest document, as written and as normalised: 10,000 steps of some lines each. Reading it takes seconds. */
export const MAX_DOCUMENT_BYTES = 3_000_000;
const SPLIT = 'Move long texts into files of the repository, or split the flow.';

export type FlowReading =
  { readonly flow: FlowDefinition; readonly format: DocumentFormat } | { readonly problems: readonly Problem[] };

/** Reads a flow document; all its problems are reported together, each with line, column, path and fix. */
export function readFlow(source: string, format?: DocumentFormat): FlowReading {
  if (Buffer.byteLength(source) > MAX_DOCUMENT_BYTES)
    return { problems: [tooLarge('document', Buffer.byteLength(source))] };
  const document = locateDocument(source, format);
  if (document.value === undefined && document.problems.length > 0) return refused(document.problems);
  // An alias bomb below the limit of aliases may still be big.
  const bytes = jsonBytes(document.value);
  if (bytes > MAX_DOCUMENT_BYTES) return { problems: [tooLarge('document with its aliases resolved', bytes)] };
  const problems = [...document.problems, ...problemsOf(document)];
  return problems.length > 0 ? refused(problems) : normalised(document);
}

function problemsOf(document: LocatedDocument): Problem[] {
  const steps = sketchSteps(document.value);
  const parameters = parameterProblems(document);
  const texts = unstorableTexts(document.value).map(path =>
    document.problem(path, 'This text holds a NUL character or half a surrogate pair.', { fix: 'Remove it.' }),
  );
  return [
    ...shapeProblems(document),
    ...texts,
    ...graphProblems(document, steps),
    ...stepProblems(document, steps),
    ...outputProblems(document, steps),
    ...parameters.problems,
    ...referenceProblems(document, steps, parameters.names),
    ...conditionProblems(document, steps, parameters.known),
    ...concurrencyProblems(document, parameters.names),
  ];
}

function normalised(document: LocatedDocument): FlowReading {
  const parsed = flowDefinition.safeParse(normaliseFlow(flowDocument.parse(document.value)));
  if (!parsed.success) return refused(issueProblems(document, parsed.error.issues));
  const big = parsed.data.steps.flatMap((step, index) => {
    const size = jsonBytes(step);
    return size > MAX_WORK_BYTES
      ? [document.problem(['steps', index], stepTooLarge(step.key, size), { fix: SPLIT })]
      : [];
  });
  if (big.length > 0) return refused(big);
  const bytes = jsonBytes(parsed.data);
  if (bytes > MAX_DOCUMENT_BYTES) return { problems: [tooLarge('flow with its defaults filled in', bytes)] };
  return { flow: parsed.data, format: document.format };
}

function refused(problems: readonly Problem[]): FlowReading {
  const inOrder = problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
  return { problems: distinct(inOrder).slice(0, MAX_PROBLEMS) };
}

function tooLarge(what: string, bytes: number): Problem {
  return {
    path: '',
    message: `The ${what} has ${bytes} bytes; at most ${MAX_DOCUMENT_BYTES} are taken.`,
    fix: SPLIT,
    line: 1,
    column: 1,
  };
}

function stepTooLarge(key: string, bytes: number): string {
  return `Step \`${key}\` has ${bytes} bytes; at most ${MAX_WORK_BYTES} are taken.`;
}

/** One mistake can be found at several references to it. */
function distinct(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map(problem => [canonicalJson(problem), problem])).values()];
}
