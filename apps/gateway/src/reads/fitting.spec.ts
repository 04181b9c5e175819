import { json } from '@runledger/contracts';
import { z } from 'zod';
import { fitting } from './fitting.js';

const schema = z.strictObject({
  name: z.string().min(1).max(10),
  tags: z.array(z.string()).optional(),
  id: z.uuid().optional(),
  limit: z.int().min(0).max(9).optional(),
  parameters: z.unknown().optional(),
});

describe('data of a request', () => {
  it('is taken as the schema has it', () => {
    expect(fitting(schema, { name: 'a 😀' })).toEqual({ name: 'a 😀' });
  });

  it('is refused when it is nested deeper than it can be read', () => {
    const nested = (levels: number) => JSON.parse('['.repeat(levels) + ']'.repeat(levels)) as unknown;
    expect(fitting(json, nested(400))).toEqual(nested(400));
    for (const levels of [401, 10_000, 1_000_000]) {
      expect(() => fitting(json, nested(levels))).toThrow('The request is nested more than 400 levels deep.');
    }
  });

  it.each([
    ['too long', { name: 'a longer name' }, 'name has more than 10 characters.'],
    ['empty', { name: '' }, 'name is empty.'],
    ['of another kind', { name: 'a', tags: [1] }, 'tags.0 has to be of the kind string.'],
    ['not there', {}, 'name is missing.'],
    ['too little', { name: 'a', limit: -5 }, 'limit is less than 0.'],
    ['too much', { name: 'a', limit: 10 }, 'limit is more than 9.'],
    ['no id', { name: 'a', id: 'x' }, 'id: Invalid UUID.'],
    ['unknown here', { name: 'a', surname: 'b' }, 'The request has nothing that is called surname.'],
    ['no text of any database', { name: 'a\0b' }, 'name holds the character NUL or half of a surrogate pair.'],
    [
      'half a character',
      { name: 'a', tags: ['b', '\ud83d'] },
      'tags.1 holds the character NUL or half of a surrogate pair.',
    ],
  ])('that is %s is refused with its place and what would fit', (_what, input, message) => {
    expect(refusalOf(input)).toMatchObject({ code: 'BAD_USER_INPUT', message, fix: expect.any(String) });
  });

  it('leaves it to the flow to say what is wrong with its parameters', () => {
    expect(fitting(schema, { name: 'a', parameters: { b: 'c\0' } })).toEqual({ name: 'a', parameters: { b: 'c\0' } });
  });
});

function refusalOf(input: unknown): unknown {
  try {
    return fitting(schema, input);
  } catch (error) {
    return error;
  }
}
