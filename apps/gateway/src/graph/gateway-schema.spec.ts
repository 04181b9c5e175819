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
import { printSchema, type GraphQLSchema } from 'graphql';
import { gatewayTypeDefs } from './gateway-schema.js';

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

  it('describes every type, field, argument and value', () => {
    expect(described(schema)).toEqual([]);
  });
});
