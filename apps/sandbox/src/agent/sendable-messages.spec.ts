import { WholeCharacters } from './sendable-messages.js';

describe('text that comes in pieces', () => {
  it('is shown in whole characters, also where a piece ends within one', () => {
    const characters = new WholeCharacters();
    const [high = '', low = ''] = '😀'.split('');
    const shown = [
      characters.of('a', `smile ${high}`),
      characters.of('b', 'elsewhere'),
      characters.of('a', `${low} end`),
    ];
    expect(shown).toEqual(['smile ', 'elsewhere', '😀 end']);
  });
});
