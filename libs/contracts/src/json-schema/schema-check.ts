import { canonicalJson } from '@runledger/kernel';
import {
  Ajv2020,
  type ErrorObject,
  type FuncKeywordDefinition,
  type Options,
  type ValidateFunction,
} from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';
import { counted, countLooks } from './counted-schema.js';
import { LinearPattern } from './linear-pattern.js';
import { Looks, TooMuchToCheckError } from './looks.js';
import { PatternRefusedError } from './pattern-parts.js';
import type { JsonSchema } from './subschemas.js';

export type SchemaFault = Pick<ErrorObject, 'instancePath' | 'keyword' | 'message' | 'params'>;

/** For what fits, and up to the first fault. */
const MAX_LOOKS = 3_000_000;
/** For the other faults: each takes a few hundred bytes of memory. */
const MAX_LOOKS_FOR_MORE = 20_000;
/** Characters of JSON per look, written and compared. */
const TEXT_PER_LOOK = 2;

const addFormats = ajvFormats as unknown as (ajv: Ajv2020) => Ajv2020;

/**
 * Values held against one JSON Schema (draft 2020-12), whoever wrote either: a check takes at most some tens of milliseconds and megabytes.
 * The same value always gets the same answer. It is compiled when the first value comes.
 */
export class SchemaCheck {
  readonly #schema: JsonSchema;
  readonly #looks = new Looks();
  readonly #options: Options;
  #first: ValidateFunction | undefined;
  #all: ValidateFunction | undefined;

  /** Left out is `$async`: whoever asks would be answered with a promise, and take it for a yes. */
  constructor({ $async: _async, ...schema }: JsonSchema, options: Pick<Options, 'useDefaults'> = {}) {
    this.#schema = schema;
    this.#options = options;
  }

  /**
   * What is wrong with a value, at most so many faults; empty when it fits. With `useDefaults` they are filled into the value. The value is nested
   * no deeper than {@link MAX_LEVELS}.
   */
  faultsOf(value: unknown, most: number): readonly SchemaFault[] {
    try {
      this.#looks.reset(MAX_LOOKS);
      const validate = (this.#first ??= this.#compiled({ allErrors: false }));
      if (validate(value)) return [];
      const [first] = validate.errors ?? [];
      return most === 1 || !first ? [first ?? tooMuch()] : this.#moreOf(value, first).slice(0, most);
    } catch (error) {
      return [faultOf(error)];
    }
  }

  /** All of them may be more than fit into memory: a thousand keywords on each of a hundred thousand items. */
  #moreOf(value: unknown, first: SchemaFault): readonly SchemaFault[] {
    try {
      this.#looks.reset(MAX_LOOKS_FOR_MORE);
      const validate = (this.#all ??= this.#compiled({ allErrors: true }));
      return validate(value) ? [first] : (validate.errors ?? [first]);
    } catch (error) {
      if (error instanceof TooMuchToCheckError) return [first];
      throw error;
    }
  }

  /** An instance of its own each: instances keep every schema that they have seen. */
  #compiled(options: Options): ValidateFunction {
    const looks = this.#looks;
    const regExp = Object.assign((pattern: string) => new LatePattern(pattern, looks), { code: 'pattern' });
    // Instances know the schemas of schemas only for those who refer to them: to take them in is most of what an instance costs.
    const meta = JSON.stringify(this.#schema).includes('json-schema.org');
    const common = { strict: false, logger: false, validateSchema: false, meta } as const;
    const ajv = new Ajv2020({ ...common, code: { regExp, optimize: false }, ...this.#options, ...options });
    addFormats(ajv).addFormat('url', isUrl);
    ajv.removeKeyword('uniqueItems').addKeyword(uniqueItems(looks));
    return countLooks(ajv, looks).compile(counted(this.#schema));
  }
}

/** Refused when a text comes: a schema may have been published when all patterns were taken. */
class LatePattern {
  #pattern: LinearPattern | undefined;

  constructor(
    private readonly source: string,
    private readonly looks: Looks,
  ) {}

  test(text: string): boolean {
    this.#pattern ??= new LinearPattern(this.source, this.looks);
    return this.#pattern.test(text);
  }

  toString(): string {
    return this.source;
  }
}

/** Ajv compares each item with each: 16,000 objects take it nine seconds. */
function uniqueItems(looks: Looks): FuncKeywordDefinition {
  return {
    keyword: 'uniqueItems',
    type: 'array',
    schemaType: 'boolean',
    errors: false,
    error: { message: 'must NOT have duplicate items' },
    validate: (wanted: boolean, items: readonly unknown[]) => !wanted || areUnique(items, looks),
  };
}

function areUnique(items: readonly unknown[], looks: Looks): boolean {
  const texts = new Set<string>();
  for (const item of items) {
    const text = textOf(item);
    looks.spend(1 + Math.ceil(text.length / TEXT_PER_LOOK));
    if (texts.has(text)) return false;
    texts.add(text);
  }
  return true;
}

/** Numbers may be out of range (`1e999`): as they will be stored. */
function textOf(item: unknown): string {
  try {
    return canonicalJson(item);
  } catch (error) {
    if (error instanceof TypeError) return canonicalJson(JSON.parse(JSON.stringify(item)));
    throw error;
  }
}

/** The regular expression that comes with the formats takes minutes for some texts. */
function isUrl(text: string): boolean {
  return /^(?:https?|ftp):\/\//i.test(text) && URL.canParse(text);
}

function faultOf(error: unknown): SchemaFault {
  if (error instanceof TooMuchToCheckError) return tooMuch();
  // It refers to itself without going on in the value, or there is so much in one place that compiling it takes more stack than there is.
  if (error instanceof RangeError) return tooMuch();
  if (error instanceof PatternRefusedError) {
    return fault(`cannot be checked: ${error.message}; publish the schema again without`);
  }
  throw error;
}

function tooMuch(): SchemaFault {
  return fault('cannot be checked in time: it is too much for its schema');
}

function fault(message: string): SchemaFault {
  return { instancePath: '', keyword: 'check', message, params: {} };
}
