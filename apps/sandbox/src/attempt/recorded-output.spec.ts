import { RecordedOutput } from './recorded-output.js';

describe('output that is in the transcript already', () => {
  const shownOf = (recorded: string, pieces: string[]): string => {
    const record = new RecordedOutput({ stdout: recorded });
    return pieces.map(piece => record.unseen('stdout', piece)).join('');
  };

  it('is not written again, however it is cut', () => {
    expect(shownOf('hello wor', ['hel', 'lo world', '!'])).toBe('ld!');
  });
  it('is not written again when all of it is played back', () => {
    expect(shownOf('hello', ['hello'])).toBe('');
  });
  it('is written whole when a call that ran again says something else', () => {
    expect(shownOf('time 1\nrest', ['time ', '2\n', 'rest'])).toBe('time 2\nrest');
  });
  it('is told apart by channel', () => {
    const record = new RecordedOutput({ stderr: 'x' });
    expect(record.unseen('stdout', 'x')).toBe('x');
    expect(record.unseen('stderr', 'xy')).toBe('y');
  });
  it('grows by what is shown, for a call that begins once more', () => {
    const record = new RecordedOutput({ stdout: 'ab' });
    record.shown('stdout', record.unseen('stdout', 'abcd'));
    expect(record.unseen('stdout', 'e')).toBe('e');
    expect(record.rewound().unseen('stdout', 'abcdef')).toBe('ef');
  });
});
