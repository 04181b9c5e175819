import type { Json } from '@runledger/contracts';
import { SchemaCheck, type SchemaFault } from '@runledger/contracts/json-schema';
import { shortened } from '@runledger/kernel';
import { Ajv2020, type Options } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';

export type JsonObject = Readonly<Record<string, Json>>;

/** One thing that is wrong, by JSON pointer parts from the schema's or the parameters' root. */
export interface PointedError {
  readonly path: readonly string[];
  readonly missing: boolean;
  readonly message: string;
}

const addFormats = ajvFormats as unknown as (ajv: Ajv2020) => Ajv2020;

/** Told of one start at most. */
const MAX_TOLD = 20;
/** Characters of what an `enum` allows: it may be as long as the schema. */
const MAX_SHOWN = 1_000;

/** The JSON Schema (draft 2020-12) of a flow's parameters. Values are never coerced, `"5"` is not a number; defaults are filled in. */
export class ParameterSchema {
  readonly #check: SchemaCheck;

  /** For a schema in which {@link schemaErrors} finds nothing: it is not checked again, and compiled at the first use. */
  constructor(schema: JsonObject) {
    this.#check = new SchemaCheck(schema, { useDefaults: true });
  }

  /** The parameters with defaults, or what is wrong with them. The given object stays as it is. */
  check(given: JsonObject): { readonly parameters: JsonObject } | { readonly errors: readonly PointedError[] } {
    const parameters = structuredClone(given) as Record<string, Json>;
    const faults = this.#check.faultsOf(parameters, MAX_TOLD);
    return faults.length === 0 ? { parameters } : { errors: faults.map(fault => pointed(fault, parameters)) };
  }
}

let metaSchema: Ajv2020 | undefined;

/** What is wrong with a schema; empty when it can be used. */
export function schemaErrors(schema: JsonObject): PointedError[] {
  // Compiling the schema of schemas takes tens of milliseconds, and a flow may hold thousands of schemas.
  metaSchema ??= newAjv();
  if (metaSchema.validateSchema(schema) !== true) {
    return dropEchoes((metaSchema.errors ?? []).map(error => pointed(error, schema)));
  }
  if (Object.hasOwn(schema, '$async')) {
    return [{ path: ['$async'], missing: false, message: 'it is to be checked at once, without `$async`' }];
  }
  try {
    compile(schema);
    return [];
  } catch (error) {
    return [{ path: [], missing: false, message: error instanceof Error ? error.message : 'cannot be compiled' }];
  }
}

/** Instances know the schemas of schemas only for those who refer to them: to take them in is most of what an instance costs. */
function compile(schema: JsonObject): void {
  const meta = JSON.stringify(schema).includes('json-schema.org');
  newAjv({ validateSchema: false, meta }).compile(schema);
}

/**
 * A fresh instance each: instances keep every schema that they have seen. Strict: unknown keywords are errors, because a misspelt one
 * would check nothing.
 */
function newAjv(options: Options = {}): Ajv2020 {
  const ajv = new Ajv2020({
    allErrors: true,
    useDefaults: true,
    strict: true,
    allowUnionTypes: true,
    logger: false,
    ...options,
  });
  return addFormats(ajv);
}

/** The meta-schema is checked through several doors: one place, one problem. */
function dropEchoes(errors: readonly PointedError[]): PointedError[] {
  return [...new Map(errors.map(error => [error.path.join('/'), error])).values()];
}

function pointed(error: SchemaFault, root: unknown): PointedError {
  const at = error.instancePath
    .split('/')
    .slice(1)
    .map(part => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const params = error.params as Readonly<Record<string, unknown>>;
  if (error.keyword === 'required') {
    return { path: [...at, String(params['missingProperty'])], missing: true, message: 'is required' };
  }
  if (error.keyword === 'additionalProperties') {
    return {
      path: [...at, String(params['additionalProperty'])],
      missing: false,
      message: 'is not a parameter of this flow',
    };
  }
  return {
    path: at,
    missing: false,
    message: `${error.message ?? 'is not accepted'}${particulars(error, valueOf(root, at))}`,
  };
}

function particulars(error: SchemaFault, value: unknown): string {
  const params = error.params as Readonly<Record<string, unknown>>;
  if (error.keyword === 'enum') return `: ${shown(params['allowedValues'])}`;
  if (error.keyword === 'const') return `: ${shown(params['allowedValue'])}`;
  if (error.keyword === 'type') return `, it is ${typeName(value)}`;
  return '';
}

function shown(value: unknown): string {
  return shortened(JSON.stringify(value), MAX_SHOWN);
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

function valueOf(root: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, part) => (at as Record<string, unknown> | null | undefined)?.[part], root);
}
