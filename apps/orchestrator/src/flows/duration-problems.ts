import {
  MAX_GATE_TIMEOUT_MS,
  MIN_GATE_TIMEOUT_MS,
  durationText,
  readDuration,
  MAX_STEP_TIMEOUT_MS,
  MIN_STEP_TIMEOUT_MS,
} from '@runledger/contracts';
import type { Problem } from '@runledger/kernel';
import type { LocatedDocument, Path } from './located-document.js';
import { valueAt } from './shape-problems.js';
import type { StepSketch } from './step-graph.js';

const DAY_MS = 86_400_000;
const GATE = [MIN_GATE_TIMEOUT_MS, MAX_GATE_TIMEOUT_MS] as const;

/** Where a step may say a duration as text, and between which bounds it must lie. */
const PLACES: readonly { readonly path: Path; readonly bounds: readonly [least: number, most: number] }[] = [
  { path: ['timeout'], bounds: [MIN_STEP_TIMEOUT_MS, MAX_STEP_TIMEOUT_MS] },
  { path: ['silence'], bounds: [MIN_STEP_TIMEOUT_MS, MAX_STEP_TIMEOUT_MS] },
  { path: ['gate', 'timeout'], bounds: GATE },
  { path: ['gates', 'before', 'timeout'], bounds: GATE },
  { path: ['gates', 'after', 'timeout'], bounds: GATE },
  { path: ['onFailure', 'retry', 'backoff'], bounds: [0, DAY_MS] },
  { path: ['onFailure', 'retry', 'maxBackoff'], bounds: [0, DAY_MS] },
];

/** Durations written as text whose length is out of bounds; those written as numbers are checked by the schema. */
export function durationProblems(document: LocatedDocument, step: StepSketch): Problem[] {
  return PLACES.flatMap(({ path, bounds: [least, most] }) => {
    const written = valueAt(step.raw, path);
    const ms = typeof written === 'string' ? readDuration(written) : undefined;
    if (ms === undefined || (ms >= least && ms <= most)) return [];
    const range = `between ${durationText(least)} and ${durationText(most)}`;
    return [document.problem(['steps', step.index, ...path], `\`${String(written)}\` is not ${range}.`)];
  });
}
