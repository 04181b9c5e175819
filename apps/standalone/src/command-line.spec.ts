import { jest } from '@jest/globals';
import { parseArgs } from 'node:util';
import { commandLine } from './command-line.js';

const HELP = 'npm run replay -- --run <run id> [--to <position>]';
const read = (...args: string[]) => parseArgs({ args, options: { to: { type: 'string' } } }).values;

describe('what a command was called with', () => {
  afterEach(() => jest.restoreAllMocks());

  it('is read', () => {
    expect(commandLine(() => read('--to', '84'), HELP)).toEqual({ to: '84' });
  });

  it.each([
    ['a position below zero', ['--to', '-5'], /'--to' argument is ambiguous/],
    ['a word that it does not know', ['--too', '84'], /Unknown option '--too'/],
  ])('is explained when it is %s, and not taken for "there is no such run"', (_what, args, why) => {
    let said = '';
    jest.spyOn(process.stderr, 'write').mockImplementation(text => {
      said += String(text);
      return true;
    });
    const exit = jest.spyOn(process, 'exit').mockImplementation(() => undefined as never);
    commandLine(() => read(...args), HELP);
    expect(exit).toHaveBeenCalledWith(2);
    expect(said).toMatch(why);
    expect(said).toContain(HELP);
  });
});
