import {
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isUnionType,
  type GraphQLAbstractType,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql';

/** What an argument or input field of this name is given; undefined: whatever its type allows. */
export type IdOf = (name: string) => string | undefined;

type AnyField = GraphQLField<unknown, unknown>;

/** An operation that asks one root field for everything near it, with an id in every place where one can be. */
export function madeOperation(schema: GraphQLSchema, root: string, field: AnyField, idOf: IdOf): string {
  const args = field.args
    .map(({ name, type }) => [name, valueOf(name, type, idOf)] as const)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}`);
  const call = args.length > 0 ? `${field.name}(${args.join(', ')})` : field.name;
  return `${root.toLowerCase()} { ${call} ${selection(schema, getNamedType(field.type), 3)} }`;
}

/** Optional things are left out, unless they may name something. */
function valueOf(name: string, type: GraphQLInputType, idOf: IdOf): string | undefined {
  const named = getNamedType(type);
  const id = isLeafType(named) && !isEnumType(named) ? idOf(name) : undefined;
  if (isInputObjectType(named)) {
    const fields = Object.values(named.getFields())
      .map(field => [field.name, valueOf(field.name, field.type, idOf)] as const)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => `${key}: ${value}`);
    return isNonNullType(type) || fields.length > 0 ? wrapped(type, `{ ${fields.join(', ')} }`) : undefined;
  }
  if (id !== undefined) return wrapped(type, JSON.stringify(id));
  return isNonNullType(type) ? wrapped(type, anyOf(named)) : undefined;
}

function wrapped(type: GraphQLInputType, value: string): string {
  const inner = isNonNullType(type) ? type.ofType : type;
  return isListType(inner) ? `[${value}]` : value;
}

function anyOf(type: GraphQLNamedType): string {
  if (isEnumType(type)) return type.getValues()[0]?.name ?? '';
  const values: Readonly<Record<string, string>> = {
    Int: '1',
    Float: '1',
    Boolean: 'true',
    BigInt: '"1"',
    JSON: '{}',
    DateTime: '"2026-05-01T00:00:00.000Z"',
    Position: '"0000000000000000000"',
  };
  return values[type.name] ?? '"some"';
}

/** Everything up to a depth that can be asked for without arguments. */
function selection(schema: GraphQLSchema, type: GraphQLNamedType, depth: number): string {
  if (isUnionType(type) || isInterfaceType(type)) return choice(schema, type, depth);
  return isObjectType(type) ? `{ __typename ${fieldsOf(schema, type, depth, new Map()).join(' ')} }` : '';
}

/** `seen`: members of a union may call different things by one name; of those the first is asked for. */
function choice(schema: GraphQLSchema, type: GraphQLAbstractType, depth: number): string {
  const seen = new Map<string, string>();
  const members = schema
    .getPossibleTypes(type)
    .map(one => `... on ${one.name} { __typename ${fieldsOf(schema, one, depth, seen).join(' ')} }`);
  return `{ __typename ${members.join(' ')} }`;
}

function fieldsOf(
  schema: GraphQLSchema,
  type: GraphQLObjectType,
  depth: number,
  seen: Map<string, string>,
): readonly string[] {
  return Object.values(type.getFields())
    .filter(field => !field.args.some(argument => isNonNullType(argument.type)))
    .filter(field => isLeafType(getNamedType(field.type)) || depth > 1)
    .filter(field => (seen.get(field.name) ?? String(field.type)) === String(field.type))
    .map(field => {
      seen.set(field.name, String(field.type));
      return `${field.name} ${selection(schema, getNamedType(field.type), depth - 1)}`;
    });
}
