import { spawnSync } from 'node:child_process';

const HELP = 'npm run thing -- [--name <text>]';
const compiled = new URL('../dist/command-line.js', import.meta.url).href;

describe('the command line of a program', () => {
  /** A program that reads it and prints what it found. */
  function run(call: string, ...args: readonly string[]) {
    const program = `import { readCommandLine, refuseArguments } from ${JSON.stringify(compiled)};
      process.argv.splice(1, 0, 'thing.js');
      const help = ${JSON.stringify(HELP)};
      console.log(JSON.stringify(${call} ?? 'goes on'));`;
    const behind = ['--input-type=module', '--eval', program, '--', ...args];
    const { status, stdout, stderr } = spawnSync(process.execPath, behind, { encoding: 'utf8' });
    return [status, stdout, stderr];
  }
  const named = "readCommandLine(help, { options: { name: { type: 'string' } }, allowPositionals: true }).values.name";
  const nothing = 'refuseArguments(help)';

  it('is read as it is written', () => {
    expect(run(named, '--name', 'ada')).toEqual([0, '"ada"\n', '']);
    expect(run(nothing)).toEqual([0, '"goes on"\n', '']);
  });

  it('is answered with the help, and nothing is done, where somebody asks for it', () => {
    expect(run(named, 'verb', '--help')).toEqual([0, `${HELP}\n`, '']);
    expect(run(nothing, '-h')).toEqual([0, `${HELP}\n`, '']);
  });

  it('is refused with what is wrong and what is right, on the error output and without a stack', () => {
    expect(run(named, '--nome', 'ada')).toEqual([2, '', `Unknown option '--nome'.\n\n${HELP}\n`]);
    expect(run(named, '--name')).toEqual([2, '', `Option '--name <value>' argument missing.\n\n${HELP}\n`]);
    expect(run(named, '--name', '-5')).toEqual([2, '', `Option '--name' argument is ambiguous.\n\n${HELP}\n`]);
    expect(run(nothing, '--port', '80')).toEqual([2, '', `Unknown option '--port'.\n\n${HELP}\n`]);
    expect(run(nothing, 'now')).toEqual([2, '', `Nothing is known of "now".\n\n${HELP}\n`]);
  });
});

describe('a command whose output nobody reads any more', () => {
  it('does its work to the end', () => {
    const program = `import { outliveReaders } from ${JSON.stringify(compiled)};
      outliveReaders();
      const wait = () => new Promise(resolve => setTimeout(resolve, 20));
      for (let line = 1; line <= 20; line += 1) { console.log(line); await wait(); }
      console.error('done');`;
    const piped = '"$0" --input-type=module --eval "$1" | head -n 1';
    const { stdout, stderr } = spawnSync('sh', ['-c', piped, process.execPath, program], { encoding: 'utf8' });
    expect([stdout, stderr]).toEqual(['1\n', 'done\n']);
  });
});
