import { isDeepStrictEqual } from 'node:util';
import type { FlowDefinition, Json, StepDefinition } from '@runledger/contracts';
import { createTwoFilesPatch } from 'diff';
import { stringify } from 'yaml';

export type ChangeKind = 'ADDED' | 'REMOVED' | 'CHANGED';

/** One value that is another one now. `path` is dotted, list items by number; null where there is nothing. */
export interface FieldChange {
  readonly path: string;
  readonly kind: ChangeKind;
  readonly before: Json;
  readonly after: Json;
}

export interface StepChange {
  readonly key: string;
  readonly kind: ChangeKind;
  readonly fields: readonly FieldChange[];
}

export interface FlowDiff {
  readonly fields: readonly FieldChange[];
  readonly steps: readonly StepChange[];
  readonly reordered: boolean;
  readonly text: string | null;
}

/** Most lines taken out and put in that are searched for; two flows that have less in common are best read one by one. */
const MAX_EDITS = 1_000;

/** What changed from one definition to another: the flow's own fields, its steps by their key, and both as YAML. */
export function diffFlows(before: Named, after: Named): FlowDiff {
  const { steps: old, ...flowBefore } = before.definition;
  const { steps: now, ...flowAfter } = after.definition;
  const kept = (steps: readonly StepDefinition[], others: ReadonlyMap<string, unknown>) =>
    steps.map(({ key }) => key).filter(key => others.has(key));
  const [oldByKey, nowByKey] = [byKey(old), byKey(now)];
  return {
    fields: fieldChanges(flowBefore, flowAfter),
    steps: stepChanges(oldByKey, nowByKey),
    reordered: !isDeepStrictEqual(kept(old, nowByKey), kept(now, oldByKey)),
    text: textDiff(before, after),
  };
}

export interface Named {
  readonly name: string;
  readonly definition: FlowDefinition;
}

type Steps = ReadonlyMap<string, StepDefinition>;

function byKey(steps: readonly StepDefinition[]): Steps {
  return new Map(steps.map(step => [step.key, step]));
}

/** In the order of the newer version; what is gone comes last. */
function stepChanges(before: Steps, after: Steps): StepChange[] {
  const present = [...after].flatMap(([key, step]): StepChange[] => {
    const fields = fieldChanges(before.get(key) ?? {}, step);
    if (!before.has(key)) return [{ key, kind: 'ADDED', fields }];
    return fields.length > 0 ? [{ key, kind: 'CHANGED', fields }] : [];
  });
  const gone = [...before].flatMap(([key, step]): StepChange[] =>
    after.has(key) ? [] : [{ key, kind: 'REMOVED', fields: fieldChanges(step, {}) }],
  );
  return [...present, ...gone];
}

function fieldChanges(before: object, after: object, path = ''): FieldChange[] {
  const [old, now] = [members(before), members(after)];
  return [...new Set([...old.keys(), ...now.keys()])].flatMap(key =>
    fieldChange(old.get(key), now.get(key), path === '' ? key : `${path}.${key}`),
  );
}

function fieldChange(before: Json | undefined, after: Json | undefined, path: string): FieldChange[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (isObject(before) && isObject(after)) return fieldChanges(before, after, path);
  const kind = before === undefined ? 'ADDED' : after === undefined ? 'REMOVED' : 'CHANGED';
  return [{ path, kind, before: before ?? null, after: after ?? null }];
}

/** Lists are values: what moved inside of one cannot be told from what was exchanged. */
function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function members(value: object): ReadonlyMap<string, Json> {
  return new Map(Object.entries(value) as [string, Json][]);
}

function textDiff(before: Named, after: Named): string | null {
  const [old, now] = [before, after].map(({ definition }) => stringify(definition, { lineWidth: 0 }));
  const patch = createTwoFilesPatch(before.name, after.name, old ?? '', now ?? '', undefined, undefined, {
    context: 3,
    maxEditLength: MAX_EDITS,
  });
  return patch ?? null;
}
