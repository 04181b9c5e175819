import { closestWord } from '@runledger/kernel';
import type { Problem } from '@runledger/kernel';
import type { LocatedDocument, Path } from './located-document.js';

/** Looking for what was meant takes time; more problems than these help nobody. */
export const MAX_PROBLEMS = 100;
const MAX_CYCLES = 20;

/** What can be read of a step even when other parts of the document are wrong. */
export interface StepSketch {
  readonly index: number;
  readonly key: string;
  readonly needs: readonly { readonly key: string; readonly path: Path }[];
  readonly raw: Readonly<Record<string, unknown>>;
}

/** The steps of a document that have a key, in order. */
export function sketchSteps(value: unknown): StepSketch[] {
  const steps = isRecord(value) && Array.isArray(value['steps']) ? (value['steps'] as unknown[]) : [];
  return steps.flatMap((raw, index) => {
    if (!isRecord(raw) || typeof raw['key'] !== 'string') return [];
    const needs = Array.isArray(raw['needs']) ? (raw['needs'] as unknown[]) : [];
    const named = needs.flatMap((key, at) =>
      typeof key === 'string' ? [{ key, path: ['steps', index, 'needs', at] }] : [],
    );
    return [{ index, key: raw['key'], needs: named, raw }];
  });
}

/** Duplicate keys, unknown needs and cycles. */
export function graphProblems(document: LocatedDocument, steps: readonly StepSketch[]): Problem[] {
  return [...duplicates(document, steps), ...unknownNeeds(document, steps), ...cycles(document, steps)];
}

function duplicates(document: LocatedDocument, steps: readonly StepSketch[]): Problem[] {
  const first = new Map<string, StepSketch>();
  return steps.flatMap(step => {
    const earlier = first.get(step.key);
    if (!earlier) {
      first.set(step.key, step);
      return [];
    }
    const { line } = document.placeOf(['steps', earlier.index, 'key']);
    return [
      document.problem(
        ['steps', step.index, 'key'],
        `Two steps have the key \`${step.key}\`; the first is on line ${line}.`,
        {
          fix: 'Give each step its own key.',
        },
      ),
    ];
  });
}

function unknownNeeds(document: LocatedDocument, steps: readonly StepSketch[]): Problem[] {
  const keys = new Set(steps.map(step => step.key));
  const unknown = steps.flatMap(step => step.needs.filter(need => !keys.has(need.key)).map(need => ({ step, need })));
  return unknown.slice(0, MAX_PROBLEMS).map(({ step, need }) => {
    const meant = closestWord(need.key, keys);
    const fix = meant === undefined ? `Steps of this flow: ${listed(keys)}.` : `Did you mean \`${meant}\`?`;
    return document.problem(need.path, `\`${step.key}\` needs \`${need.key}\`, but no step has that key.`, { fix });
  });
}

function listed(keys: ReadonlySet<string>): string {
  return keys.size > 20 ? `${[...keys].slice(0, 20).join(', ')}, …` : [...keys].join(', ');
}

/** One problem per cycle, told where its first step says what it needs. */
function cycles(document: LocatedDocument, steps: readonly StepSketch[]): Problem[] {
  const byKey = new Map(steps.map(step => [step.key, step]));
  return findCycles(byKey).map(cycle => {
    const [first, second] = cycle;
    const step = byKey.get(first ?? '');
    const need = step?.needs.find(({ key }) => key === second);
    const shown = cycle.length > 12 ? [...cycle.slice(0, 6), '…', ...cycle.slice(-5)] : cycle;
    const way = shown.map(key => (key === '…' ? key : `\`${key}\``)).join(' → ');
    return document.problem(need?.path ?? ['steps'], `Steps need each other in a circle: ${way}.`, {
      fix: 'Remove one of these needs.',
    });
  });
}

/** Depth-first with its own stack: a chain of ten thousand steps must not exhaust the call stack. */
function findCycles(steps: ReadonlyMap<string, StepSketch>): string[][] {
  const finished = new Set<string>();
  const found: string[][] = [];
  for (const root of steps.keys()) {
    if (found.length >= MAX_CYCLES) break;
    const trail: { readonly key: string; next: number }[] = [];
    const onTrail = new Map<string, number>();
    const enter = (key: string) => {
      onTrail.set(key, trail.length);
      trail.push({ key, next: 0 });
    };
    if (!finished.has(root)) enter(root);
    for (let top = trail.at(-1); top; top = trail.at(-1)) {
      const need = steps.get(top.key)?.needs[top.next]?.key;
      top.next += 1;
      if (need === undefined) {
        finished.add(top.key);
        onTrail.delete(top.key);
        trail.pop();
        continue;
      }
      const start = onTrail.get(need);
      if (start !== undefined && found.length < MAX_CYCLES)
        found.push([...trail.slice(start).map(({ key }) => key), need]);
      if (start === undefined && steps.has(need) && !finished.has(need)) enter(need);
    }
  }
  return found;
}

/** The steps that must be done before `key`, directly or not. */
export function allNeedsOf(key: string, steps: ReadonlyMap<string, StepSketch>): Set<string> {
  const before = new Set<string>();
  const open = [key];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const need of steps.get(next)?.needs ?? []) {
      if (before.has(need.key)) continue;
      before.add(need.key);
      open.push(need.key);
    }
  }
  return before;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
