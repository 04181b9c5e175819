import type { Json } from '@runledger/contracts';

/**
 * `{{ parameters.<name>[.<path>] }}`, `{{ subject.<kind|id|url> }}`, `{{ subject.context[.<path>] }}` or `{{ steps.<key>.summary }}` or `{{ steps.<key>.output[.<path>] }}` inside the
 * texts of an agent step and of the input of a function.
 */
export type Reference =
  | { readonly kind: 'subject'; readonly path: readonly string[] }
  | { readonly kind: 'parameter'; readonly name: string; readonly path: readonly string[] }
  | {
      readonly kind: 'step';
      readonly step: string;
      readonly field: 'summary' | 'output';
      readonly path: readonly string[];
    };

export interface MalformedReference {
  readonly kind: 'malformed';
  readonly text: string;
}

/**
 * Only dotted words between double braces are references: `{{ color: 'red' }}` or `{{.Names}}` in code that an agent is
 * to write stay as they are. `\{{` writes two literal braces before a dotted word.
 */
const REFERENCE = /(\\?)\{\{\s*([A-Za-z_][\w-]*(?:\.[\w-]+)*)\s*\}\}/g;

/** Every reference in a text, in order, well-formed or not. */
export function referencesIn(text: string): (Reference | MalformedReference)[] {
  if (!text.includes('{{')) return [];
  return [...text.matchAll(REFERENCE)].filter(([, escaped]) => escaped === '').map(([, , words]) => parse(words ?? ''));
}

/** The text with each reference replaced by what `valueOf` says; strings as they are, other values as JSON. */
export function fillReferences(text: string, valueOf: (reference: Reference) => Json | undefined): string {
  if (!text.includes('{{')) return text;
  return text.replace(REFERENCE, (whole: string, escaped: string, words: string) => {
    if (escaped !== '') return whole.slice(1);
    const reference = parse(words);
    if (reference.kind === 'malformed') return whole;
    const value = valueOf(reference);
    if (value === undefined) return '';
    return typeof value === 'string' ? value : JSON.stringify(value);
  });
}

/** The same for a text in structured data: one that is nothing but a reference becomes the value itself, null where there is none. */
export function filledValue(text: string, valueOf: (reference: Reference) => Json | undefined): Json {
  const [only] = text.startsWith('{{') ? text.matchAll(REFERENCE) : [];
  if (only?.[0] !== text) return fillReferences(text, valueOf);
  const reference = parse(only[2] ?? '');
  return reference.kind === 'malformed' ? text : (valueOf(reference) ?? null);
}

/** What stands at a path inside a JSON value; list items by number. Undefined when there is nothing. */
export function jsonAt(value: Json | undefined, path: readonly string[]): Json | undefined {
  return path.reduce<Json | undefined>((at, part) => {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, part)) return undefined;
    return (at as Record<string, Json>)[part];
  }, value);
}

/** The same value with `change` applied to each string in it, however deep. Keys stay. */
export function mapStrings<T>(value: T, change: (text: string) => unknown): T {
  if (typeof value === 'string') return change(value) as T;
  if (Array.isArray(value)) return value.map((item: unknown) => mapStrings(item, change)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, mapStrings(member, change)])) as T;
}

/** The record that a run is about has a kind, an id and perhaps an address; only its context goes deeper. */
function isSubjectField(name: string | undefined, rest: readonly string[]): name is string {
  return name === 'context' || (rest.length === 0 && (name === 'kind' || name === 'id' || name === 'url'));
}

function parse(words: string): Reference | MalformedReference {
  const [root, name, ...rest] = words.split('.');
  if (root === 'subject' && isSubjectField(name, rest)) return { kind: 'subject', path: [name, ...rest] };
  if (root === 'parameters' && name !== undefined) return { kind: 'parameter', name, path: rest };
  const [field, ...path] = rest;
  if (root === 'steps' && name !== undefined) {
    if (field === 'summary' && path.length === 0) return { kind: 'step', step: name, field, path };
    if (field === 'output') return { kind: 'step', step: name, field, path };
  }
  return { kind: 'malformed', text: words };
}
