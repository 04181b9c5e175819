import { readFileSync } from 'node:fs';
import { Fault } from '@runledger/kernel';
import { lastWords } from './last-words.js';

describe('the last words of a program', () => {
  const refused = (code: string, path?: string) =>
    Object.assign(new Error(`${code}: no`), { code, syscall: 'open', ...(path !== undefined && { path }) });

  it('are those of a fault, which says what to do', () => {
    expect(lastWords(new Fault('BUSY', 'It is at work. Wait for it.'))).toBe('It is at work. Wait for it.');
  });

  it.each([
    ['EACCES', 'not open to this user'],
    ['EROFS', 'for reading only'],
    ['ENOSPC', 'no room is left'],
    ['ENOTDIR', 'not what it has to be'],
  ])('name the file that the system refuses, and what to do (%s)', (code, why) => {
    const words = lastWords(refused(code, '/secrets/pepper'));
    expect(words).toMatch(new RegExp(`/secrets/pepper .*${why}`));
    expect(words).not.toContain('    at ');
  });

  it('name the file that is not there', () => {
    const missing = () => readFileSync('/nowhere/invoice.csv');
    expect(missing).toThrow();
    try {
      missing();
    } catch (error) {
      expect(lastWords(error)).toBe('There is no /nowhere/invoice.csv (open). Look whether its name is right.');
    }
  });

  it('are the stack of what nobody has foreseen', () => {
    expect(lastWords(new TypeError('no such cupboard'))).toMatch(/^TypeError: no such cupboard\n {4}at /);
    expect(lastWords(refused('EIO', '/secrets/pepper'))).toContain('    at ');
    expect(lastWords(refused('EACCES'))).toContain('    at ');
  });
});
