import type { Json } from '@runledger/contracts';
import { Ajv2020, type ErrorObject, type Options, type ValidateFunction } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';

export type JsonObject = Readonly<Record<string, Json>>;

/** One thing that is wrong, by JSON pointer parts from the schema's or the parameters' root. */
export interface PointedError {
  readonly path: readonly string[];
  readonly missing: boolean;
  readonly message: string;
}

const addFormats = ajvFormats as unknown as (ajv: Ajv2020) => Ajv2020;

/**
 * A compiled JSON Schema (draft 2020-12). Strict: unknown keywords are errors, because a misspelt one would check nothing.
 * Values are never coerced, `"5"` is not a number; defaults are filled in.
 */
export class ParameterSchema {
  readonly #schema: JsonObject;
  #compiled: ValidateFunction | undefined;

  /** For a schema in which {@link schemaErrors} finds nothing: it is not checked again, and compiled at the first use. */
  constructor(schema: JsonObject) {
    this.#schema = schema;
  }

  /** The parameters with defaults, or everything that is wrong with them. The given object stays as it is. */
  check(given: JsonObject): { readonly parameters: JsonObject } | { readonly errors: readonly PointedError[] } {
    const parameters = structuredClone(given) as Record<string, Json>;
    const validate = (this.#compiled ??= compiled(this.#schema));
    if (validate(parameters)) return { parameters };
    return { errors: (validate.errors ?? []).map(error => pointed(error, parameters)) };
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
    compiled(schema);
    return [];
  } catch (error) {
    return [{ path: [], missing: false, message: error instanceof Error ? error.message : 'cannot be compiled' }];
  }
}

/**
 * Instances know the schemas of schemas only for those who refer to them: to take them in is most of what an instance costs.
 * One that was published as `$async` would answer with a promise, which nobody waits for, and be taken for a yes.
 */
function compiled({ $async: _async, ...schema }: JsonObject): ValidateFunction {
  const meta = JSON.stringify(schema).includes('json-schema.org');
  return newAjv({ validateSchema: false, meta }).compile(schema);
}

/** A fresh instance each: instances keep every schema that they have seen. */
function newAjv(options: Options = {}): Ajv2020 {
  const ajv = new Ajv2020({
    allErrors: true,
    useDefaults: true,
    coerceTypes: false,
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

function pointed(error: ErrorObject, root: unknown): PointedError {
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

function particulars(error: ErrorObject, value: unknown): string {
  const params = error.params as Readonly<Record<string, unknown>>;
  if (error.keyword === 'enum') return `: ${JSON.stringify(params['allowedValues'])}`;
  if (error.keyword === 'const') return `: ${JSON.stringify(params['allowedValue'])}`;
  if (error.keyword === 'type') return `, it is ${typeName(value)}`;
  return '';
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

function valueOf(root: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, part) => (at as Record<string, unknown> | null | undefined)?.[part], root);
}
