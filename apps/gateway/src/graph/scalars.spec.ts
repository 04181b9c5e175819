import { parseValue } from 'graphql';
import { scalarResolvers } from './scalars.js';

const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);

describe('JSON in a request', () => {
  it.each([
    ['a variable', (levels: number) => scalarResolvers.JSON.parseValue(JSON.parse(nested(levels)))],
    ['a literal', (levels: number) => scalarResolvers.JSON.parseLiteral(parseValue(nested(levels)), {})],
  ])('as %s has at most 200 levels', (_what, read) => {
    expect(read(200)).toEqual(JSON.parse(nested(200)));
    expect(() => read(201)).toThrow('The JSON is nested more than 200 levels deep.');
  });

  it('is refused however deep it is', () => {
    expect(() => scalarResolvers.JSON.parseValue(JSON.parse(nested(1_000_000)))).toThrow('levels deep');
  });
});
