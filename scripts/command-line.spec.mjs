import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const STACK = /^ {4}at |node:internal/m;

function run(program, ...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, program), ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

describe('the programs that operators start by hand', () => {
  it.each(['chaos/main.mjs', 'infra/kafka/main.mjs'])('%s says what it does when it is asked', program => {
    const told = run(program, '--help');
    expect(told).toMatchObject({ status: 0, stderr: '' });
    expect(told.stdout).toMatch(/npm run (chaos|kafka)/);
    expect(told.stdout).not.toMatch(/^ ?\*/m);
  });

  it.each([
    ['an unknown option', ['--bogus'], /^Unknown option '--bogus'\.\n/],
    ['an option without its value', ['--port'], /^Option '--port <value>' argument missing\.\n/],
    ['what is no number', ['--port', 'high'], /^--port high is no number from 0\.\n/],
    ['a blank where a number is meant', ['--port', ' '], /^--port {3}is no number from 0\.\n/],
    ['a number without end', ['--port', 'Infinity'], /^--port Infinity is no number from 0\.\n/],
  ])('say what is wrong with %s in one line, and how it is right', (_what, args, line) => {
    const refused = run('infra/kafka/main.mjs', ...args);
    expect(refused).toMatchObject({ status: 2, stdout: '', stderr: expect.stringMatching(line) });
    expect(refused.stderr).toContain('npm run kafka -- --port 9092');
    expect(refused.stderr).not.toMatch(STACK);
  });

  it('all of them know --help: no program reads its options by itself', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    const programs = Object.values(scripts).flatMap(line => {
      const [, compiled] = /(\S+)\/dist\/((?!source-maps)\S+)\.js$/.exec(line) ? [line, line.split(' ').at(-1)] : [];
      if (compiled) return [compiled.replace('/dist/', '/src/').replace(/\.js$/, '.ts')];
      return /node (\S+main\.mjs|scripts\/operations\.mjs)$/.exec(line)?.slice(1) ?? [];
    });
    expect(programs.length).toBeGreaterThan(15);
    const without = programs.filter(
      file =>
        !/\b(commandLine|readCommandLine|refuseArguments|helpWhenAsked)\(|'--help'/.test(
          readFileSync(join(ROOT, file), 'utf8'),
        ),
    );
    expect(without).toEqual([]);
  });
});
