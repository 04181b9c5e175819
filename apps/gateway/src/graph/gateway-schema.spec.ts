import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  buildSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  lexicographicSortSchema,
} from 'graphql';
import { Kind, printSchema, type GraphQLField, type GraphQLObjectType, type GraphQLSchema } from 'graphql';
import { gatewayTypeDefs } from './gateway-schema.js';
import { OperationCheck } from './operation-limits.js';

const COMMITTED = join(import.meta.dirname, '../../schema.graphql');

function described(schema: GraphQLSchema): readonly string[] {
  return Object.values(schema.getTypeMap())
    .filter(type => !type.name.startsWith('__') && type.astNode?.loc !== undefined)
    .flatMap(type => {
      const own = [[type.name, type.description] as const];
      if (isEnumType(type))
        return [...own, ...type.getValues().map(value => [`${type.name}.${value.name}`, value.description] as const)];
      if (isInputObjectType(type))
        return [
          ...own,
          ...Object.values(type.getFields()).map(field => [`${type.name}.${field.name}`, field.description] as const),
        ];
      if (!isObjectType(type) && !isInterfaceType(type)) return own;
      const isRoot = ['Query', 'Mutation', 'Subscription'].includes(type.name);
      const fields = Object.values(type.getFields()).flatMap(field => [
        [`${type.name}.${field.name}`, field.description] as const,
        ...field.args.map(argument => [`${type.name}.${field.name}(${argument.name})`, argument.description] as const),
      ]);
      return isRoot ? fields : [...own, ...fields];
    })
    .filter(([, description]) => !description)
    .map(([name]) => name);
}

/** What is wrong with the examples of a field of Query, Mutation or Subscription. */
function exampleProblems(schema: GraphQLSchema, field: GraphQLField<unknown, unknown>): readonly string[] {
  const examples = [...(field.description ?? '').matchAll(/^```graphql\n(.*?)^```$/gms)].map(match => match[1] ?? '');
  if (examples.length === 0) return ['has no example'];
  return examples.flatMap(example => {
    const check = new OperationCheck(schema, true).document(example);
    const shown = check.document.definitions.some(
      definition =>
        definition.kind === Kind.OPERATION_DEFINITION &&
        definition.selectionSet.selections.some(part => part.kind === Kind.FIELD && part.name.value === field.name),
    );
    return [...check.errors.map(error => error.message), ...(shown ? [] : ['its example is about something else'])];
  });
}

describe('the GraphQL schema', () => {
  const schema = buildSchema(gatewayTypeDefs());

  it('is committed as it is: run the specs with UPDATE_SCHEMA=1 after a change, and look at the difference', () => {
    const printed = `${printSchema(lexicographicSortSchema(schema))}\n`;
    if (process.env['UPDATE_SCHEMA'] === '1') writeFileSync(COMMITTED, printed);
    expect(readFileSync(COMMITTED, 'utf8')).toBe(printed);
  });

  it('lets every query wait until the caller’s own writes are visible', () => {
    const fields = Object.values(schema.getQueryType()?.getFields() ?? {});
    const impatient = fields.filter(field => !field.args.some(argument => argument.name === 'atLeast'));
    expect(impatient.map(field => field.name)).toEqual([]);
  });

  it('reads lists from both ends, but for those that only grow at one or are made anew for each question', () => {
    const fields = Object.values(schema.getQueryType()?.getFields() ?? {});
    const oneEnded = fields.filter(
      ({ type, args }) => /Connection!$/.test(String(type)) && !args.some(argument => argument.name === 'before'),
    );
    expect(oneEnded.map(field => field.name).sort()).toEqual(['events', 'parkedEvents', 'search']);
  });

  it.each(['Query', 'Mutation', 'Subscription'])('shows of every %s an example that the API takes', root => {
    const fields = Object.values((schema.getType(root) as GraphQLObjectType).getFields());
    const wrong = fields.flatMap(field => exampleProblems(schema, field).map(problem => `${field.name}: ${problem}`));
    expect(wrong).toEqual([]);
  });

  it('describes every type, field, argument and value', () => {
    expect(described(schema)).toEqual([]);
  });
});
