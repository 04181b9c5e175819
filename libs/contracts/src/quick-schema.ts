import { z } from 'zod';
import { json } from './values.js';

/** Deeper values, rings among them, are left to the schema itself. */
const MAX_DEPTH = 64;

/**
 * The same schema, whose `parse` takes data that fits on a compiled way, several times as fast. What comes out is equal, and
 * what does not fit is judged by the schema itself, so that its errors stay what they are. Compiled when first used.
 */
export function quick<Schema extends z.ZodType>(schema: Schema): Schema {
  const quicker = z.clone(schema);
  let compiled: z.ZodType | undefined;
  quicker.parse = (data, params) => {
    compiled ??= compiledFor(schema) ?? schema;
    const fast = compiled.safeParse(data);
    return (fast.success ? fast.data : schema.parse(data, params)) as z.output<Schema>;
  };
  return quicker;
}

/** Undefined for a schema that cannot be compiled. It says truly what fits; its errors are not to be shown. */
export function compiledFor(schema: z.ZodType): z.ZodType | undefined {
  try {
    return z.compile(withoutRings(schema) as z.ZodType, { strict: true });
  } catch (error) {
    if (error instanceof z.ZodCompileUnsupportedError || error instanceof z.ZodCompileAsyncError) return undefined;
    throw error;
  }
}

/** Schemas that contain themselves cannot be compiled, so the one that every contract has, `json`, is put in other words. */
function withoutRings(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema === (json as z.core.$ZodType)) return quickJson;
  const { def } = (schema as z.core.$ZodTypes)._zod;
  const changed = (parts: object) => z.core.clone(schema, { ...def, ...parts });
  switch (def.type) {
    case 'object':
      return changed({ shape: mapValues(def.shape, withoutRings) });
    case 'array':
      return changed({ element: withoutRings(def.element) });
    case 'record':
      return changed({ valueType: withoutRings(def.valueType) });
    case 'union':
      return changed({ options: def.options.map(withoutRings) });
    case 'optional':
    case 'nullable':
      return changed({ innerType: withoutRings(def.innerType) });
    default:
      return schema;
  }
}

const quickJson = z.custom(value => isJson(value, 0)).overwrite(copyOf);

function isJson(value: unknown, depth: number): boolean {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || depth === MAX_DEPTH) return false;
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at += 1) if (!isJson(value[at], depth + 1)) return false;
    return true;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if ((prototype !== Object.prototype && prototype !== null) || Object.getOwnPropertySymbols(value).length > 0)
    return false;
  return Object.entries(value).every(([key, member]) => key !== '__proto__' && isJson(member, depth + 1));
}

function copyOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return Array.isArray(value) ? value.map(copyOf) : mapValues(value as Record<string, unknown>, copyOf);
}

function mapValues<From, To>(members: Readonly<Record<string, From>>, map: (member: From) => To): Record<string, To> {
  const mapped: Record<string, To> = {};
  for (const [key, member] of Object.entries(members)) mapped[key] = map(member);
  return mapped;
}
