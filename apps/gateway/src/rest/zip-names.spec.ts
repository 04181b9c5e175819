import { zipNames } from './zip-names.js';

const file = (path: string, step = 'build', attempt = 1) => ({ step, attempt, path });
const names = (...files: ReturnType<typeof file>[]) => zipNames(files).map(([name]) => name);

describe('the names of files in an archive', () => {
  it('say which step made them', () => {
    expect(names(file('out/report.html'), file('log.txt', 'test'))).toEqual(['build/out/report.html', 'test/log.txt']);
  });

  it('are those of the newest attempt; earlier ones are beside it', () => {
    expect(names(file('a.txt', 'build', 1), file('a.txt', 'build', 2))).toEqual([
      'build/attempt-1/a.txt',
      'build/a.txt',
    ]);
  });

  it('do not climb out of the folder that they are unpacked in', () => {
    expect(names(file('../../etc/passwd'), file('/etc/shadow'), file('a/../../b'), file('..\\..\\c'))).toEqual([
      'build/etc/passwd',
      'build/etc/shadow',
      'build/a/b',
      'build/.._.._c',
    ]);
  });

  it('mean no device, no drive and no stream, and hide no ending', () => {
    expect(
      names(file('NUL'), file('con.txt'), file('C:/x'), file('a.txt:evil'), file('a\u202Egpj.exe'), file('x. ')),
    ).toEqual(['build/_NUL', 'build/_con.txt', 'build/C_/x', 'build/a.txt_evil', 'build/a_gpj.exe', 'build/x_']);
  });

  it('are told apart where case does not count', () => {
    expect(names(file('A.txt'), file('a.txt'), file('a.TXT'))).toEqual([
      'build/A.txt',
      'build/a (2).txt',
      'build/a (3).TXT',
    ]);
  });
});
