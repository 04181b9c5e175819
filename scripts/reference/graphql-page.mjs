import {
  buildSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isScalarType,
  isUnionType,
} from 'graphql';
import { code, joined, pageHead, table } from './markdown.mjs';

const INTRO = [
  'The public API. A mutation answers with a union: the thing that was asked for, or a refusal with `code`, `message` and `fix`.\n' +
    'Each query, mutation and subscription has an example; `Authorization: Bearer` goes with it.',
  '',
].join('\n');

const ROOTS = ['Query', 'Mutation', 'Subscription'];
const KINDS = [
  ['Types', isObjectType],
  ['Interfaces', isInterfaceType],
  ['Unions', isUnionType],
  ['Inputs', isInputObjectType],
  ['Enums', isEnumType],
  ['Scalars', isScalarType],
];
const BUILT_IN = /^(__|(String|Int|Float|Boolean|ID)$)/;

/** The page for a schema in SDL; throws when the SDL is not valid. */
export function graphqlPage(sdl) {
  const schema = buildSchema(sdl);
  const types = Object.values(schema.getTypeMap())
    .filter(({ name }) => !BUILT_IN.test(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const roots = ROOTS.flatMap(name => types.filter(type => type.name === name));
  const rest = types.filter(({ name }) => !ROOTS.includes(name));
  return joined([
    ...pageHead('GraphQL', INTRO),
    ...roots.flatMap(type => [
      `## ${type.name}`,
      '',
      ...Object.values(type.getFields()).flatMap(field => operation(type, field)),
    ]),
    ...KINDS.flatMap(([title, is]) => section(title, rest.filter(is), schema)),
  ]);
}

/** Named with its root: `run` the query and `Run` the type would share one anchor. */
function operation(root, field) {
  return [
    `### ${root.name}.${field.name}`,
    '',
    `${code(`${field.name}: ${field.type}`)}${deprecation(field)}`,
    '',
    field.description ?? '',
    '',
    ...table(
      ['Argument', 'Type', 'Meaning'],
      field.args.map(arg => [code(arg.name), code(withDefault(arg)), arg.description]),
    ),
  ];
}

function section(title, types, schema) {
  if (types.length === 0) return [];
  return [`## ${title}`, '', ...types.flatMap(type => typeSection(type, schema))];
}

function typeSection(type, schema) {
  return [`### ${type.name}`, '', type.description ?? '', '', ...body(type, schema)];
}

function body(type, schema) {
  if (isUnionType(type)) return [`One of ${names(type.getTypes())}.`, ''];
  if (isEnumType(type)) {
    const values = type.getValues().map(value => [code(value.name), `${value.description ?? ''}${deprecation(value)}`]);
    return table(['Value', 'Meaning'], values);
  }
  if (isScalarType(type)) return [];
  const fields = Object.values(type.getFields());
  const rows = fields.map(field => [
    code(signature(field)),
    code(withDefault(field)),
    `${field.description ?? ''}${deprecation(field)}`,
  ]);
  return [...relations(type, schema), ...table(['Field', 'Type', 'Meaning'], rows)];
}

function relations(type, schema) {
  if (isInterfaceType(type)) return [`Implemented by ${names(schema.getPossibleTypes(type))}.`, ''];
  const interfaces = isObjectType(type) ? type.getInterfaces() : [];
  return interfaces.length > 0 ? [`Implements ${names(interfaces)}.`, ''] : [];
}

function signature(field) {
  const args = field.args ?? [];
  return args.length === 0
    ? field.name
    : `${field.name}(${args.map(arg => `${arg.name}: ${withDefault(arg)}`).join(', ')})`;
}

function withDefault({ type, defaultValue }) {
  return defaultValue === undefined ? String(type) : `${type} = ${JSON.stringify(defaultValue)}`;
}

function deprecation({ deprecationReason }) {
  return deprecationReason ? ` *Deprecated: ${deprecationReason}*` : '';
}

function names(types) {
  return types.map(({ name }) => `[${code(name)}](#${name.toLowerCase()})`).join(', ');
}
