import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { planCall } from './sandbox-tools.js';
import type { SandboxTool } from './tool-inputs.js';

/** The scripts themselves, without a sandbox around them: what they print is what an agent reads. */
describe('the file tools', () => {
  let workspace: string;

  beforeEach(() => (workspace = mkdtempSync(`${tmpdir()}/runledger-tools-`)));
  afterEach(() => rmSync(workspace, { recursive: true }));

  const call = (tool: SandboxTool, input: Record<string, string | number | boolean>) => {
    const plan = planCall(tool, input);
    if ('refused' in plan) return plan.refused;
    const [program, ...argv] = plan.exec.argv;
    const { status, stdout, stderr } = spawnSync(program, argv, { cwd: workspace, input: plan.exec.stdin ?? '' });
    return status === 0 ? stdout.toString() : `${status}: ${stderr.toString()}`;
  };
  const file = (path: string, content: string | Buffer) => writeFileSync(`${workspace}/${path}`, content);

  describe('read', () => {
    it('gives a text as it is, and its last line an end', () => {
      file('a', 'eins\r\nzwölf\n\n  四\tend');
      expect(call('read_file', { path: 'a' })).toBe('eins\r\nzwölf\n\n  四\tend\n');
      file('b', 'whole\n');
      expect(call('read_file', { path: `${workspace}/b` })).toBe('whole\n');
      file('c', '');
      expect(call('read_file', { path: 'c' })).toBe('');
    });

    it('gives a part and says where to go on', () => {
      file('a', 'one\ntwo\nthree\nfour');
      expect(call('read_file', { path: 'a', offset: 2, limit: 2 })).toBe(
        'two\nthree\n[1 more lines; go on with offset 4]\n',
      );
      expect(call('read_file', { path: 'a', offset: 3, limit: 2 })).toBe('three\nfour\n');
      expect(call('read_file', { path: 'a', offset: 5 })).toBe('1: Cannot read from line 5: a has 4 lines\n');
      file('long', 'x\n'.repeat(2_001));
      expect(call('read_file', { path: 'long' })).toMatch(/^(x\n){2000}\[1 more lines; go on with offset 2001\]\n$/);
    });

    it('gives no more than an agent is shown, and says where to go on', () => {
      const lines = Array.from({ length: 1_500 }, (_, index) => `${index + 1} ${'x'.repeat(95)}`);
      file('wide', `${lines.join('\n')}\n`);
      const seen: string[] = [];
      for (let offset = 1; offset <= lines.length;) {
        const said = String(call('read_file', { path: 'wide', offset }));
        expect(said.length).toBeLessThan(65_536);
        const [, next] = /\[\d+ more lines; go on with offset (\d+)\]\n$/.exec(said) ?? [];
        seen.push(
          ...said
            .replace(/\[\d+ more lines.*\n$/, '')
            .split('\n')
            .filter(Boolean),
        );
        offset = next === undefined ? lines.length + 1 : Number(next);
      }
      expect(seen).toEqual(lines);
    });

    it('gives the beginning of a line that is too long, and goes on behind it', () => {
      file('bundle', `${'x'.repeat(1_000_000)}\nlast\n`);
      const said = String(call('read_file', { path: 'bundle' }));
      expect(said.length).toBeLessThan(65_536);
      expect(said).toMatch(
        /x\n\[line 1 has 1000000 bytes; the rest of it is not shown\]\n\[1 more lines; go on with offset 2\]\n$/,
      );
      expect(call('read_file', { path: 'bundle', offset: 2 })).toBe('last\n');
      file('one', 'x'.repeat(70_000));
      expect(call('read_file', { path: 'one' })).toMatch(/^x{65000}\n\[line 1 has 70000 bytes; [^\n]+\]\n$/);
    });

    it('says what hinders it', () => {
      file('plain', 'x');
      file('binary', Buffer.from([1, 2, 0, 3]));
      symlinkSync('loop', `${workspace}/loop`);
      const said = (path: string) => call('read_file', { path });
      expect(said('nowhere')).toBe('1: Cannot read nowhere: there is no such file or directory\n');
      expect(said('.')).toBe('1: Cannot read .: it is a directory\n');
      expect(said('plain/x')).toBe('1: Cannot read plain/x: a part of the path is not a directory\n');
      expect(said('binary')).toBe('1: Cannot read binary: it is not a text file\n');
      expect(said('loop')).toBe('1: Cannot read loop: too many links\n');
      expect(said('a\0b')).toContain('it contains a NUL character');
    });

    it('takes any name for a name', () => {
      for (const name of ['-n', '--help', '$(touch hit)', '*', 'two words', "'", 'a\nb', '`x`']) {
        file(name, `in ${name}`);
        expect(call('read_file', { path: name })).toBe(`in ${name}\n`);
      }
      expect(existsSync(`${workspace}/hit`)).toBe(false);
    });
  });

  describe('write', () => {
    it('puts the content there to the byte and makes the directories', () => {
      const content = 'ä\\n%s$(x)\r\n\n';
      expect(call('write_file', { path: 'new/dir/a', content })).toBe('Wrote 13 bytes to new/dir/a.\n');
      expect(readFileSync(`${workspace}/new/dir/a`, 'utf8')).toBe(content);
      expect(call('write_file', { path: '-rf', content: '' })).toBe('Wrote 0 bytes to -rf.\n');
      expect(readFileSync(`${workspace}/-rf`, 'utf8')).toBe('');
    });

    it('says what hinders it', () => {
      file('plain', 'x');
      mkdirSync(`${workspace}/dir`);
      const said = (path: string) => call('write_file', { path, content: 'y' });
      expect(said('dir')).toBe('1: Cannot write dir: it is a directory\n');
      expect(said('plain/x')).toBe('1: Cannot write plain/x: a part of the path is not a directory\n');
      expect(said('/proc/none/x')).toContain('1: Cannot write /proc/none/x: ');
    });
  });

  describe('edit', () => {
    const edit = (path: string, from: string, to: string, more: Record<string, boolean> = {}) =>
      call('edit_file', { path, old_string: from, new_string: to, ...more });
    const bytesOf = (path: string) => readFileSync(`${workspace}/${path}`).toString('latin1');

    it('leaves every byte that it does not replace as it is, in whatever encoding', () => {
      file('latin1', Buffer.from('gr\xfc\xdfe \xff\xfe foo\r\n', 'latin1'));
      expect(edit('latin1', 'foo', 'bär')).toBe('Replaced 1 occurrence in latin1.\n');
      expect(bytesOf('latin1')).toBe('gr\xfc\xdfe \xff\xfe b\xc3\xa4r\r\n');
      file('marked', '\ufeffzwölf 😀\n');
      expect(edit('marked', 'ölf 😀', 'ei')).toBe('Replaced 1 occurrence in marked.\n');
      expect(readFileSync(`${workspace}/marked`, 'utf8')).toBe('\ufeffzwei\n');
    });

    it('finds lines in a file whose lines end with CRLF, and ends the new ones so', () => {
      file('crlf', 'a\r\nb\r\nc\r\n');
      expect(edit('crlf', 'a\nb\n', 'A\nB\nB2\n')).toMatch(/^Replaced 1 occurrence in crlf\. .*CRLF/);
      expect(bytesOf('crlf')).toBe('A\r\nB\r\nB2\r\nc\r\n');
      expect(edit('crlf', 'c', 'C')).toBe('Replaced 1 occurrence in crlf.\n');
      expect(edit('crlf', 'A\nC', 'x')).toContain('old_string was not found');
    });

    it('counts what it finds, and takes no part of the text for a pattern', () => {
      file('a', 'x.x $& x.x');
      expect(edit('a', 'x.x', '$&')).toContain('it occurs 2 times');
      expect(edit('a', 'x.x', '$&', { replace_all: true })).toBe('Replaced 2 occurrences in a.\n');
      expect(bytesOf('a')).toBe('$& $& $&');
    });
  });

  describe('list', () => {
    it('shows names that are no line as bash writes them', () => {
      for (const name of ['two\nlines', '\u001b[31mred', 'two words', 'zwölf']) file(name, '');
      expect(call('list_files', {})).toBe("$'\\E[31mred'\n$'two\\nlines'\ntwo words\nzwölf\n");
    });

    it('names what is there, in order, as deep as asked, and what git keeps for itself not at all', () => {
      for (const path of ['src/deep/er', '.git/refs', 'b']) mkdirSync(`${workspace}/${path}`, { recursive: true });
      for (const path of ['.hidden', 'Z', 'a', 'src/deep/x', 'src/[a]', '-x']) file(path, '');
      symlinkSync('src', `${workspace}/link`);
      symlinkSync('nowhere', `${workspace}/broken`);
      const top = ['-x', '.git/', '.hidden', 'Z', 'a', 'b/', 'broken', 'link'];
      expect(call('list_files', {}).split('\n')).toEqual([...top, 'src/', 'src/[a]', 'src/deep/', '']);
      expect(call('list_files', { depth: 1 }).split('\n')).toEqual([...top, 'src/', '']);
      expect(call('list_files', { path: 'src', depth: 3 })).toBe('[a]\ndeep/\ndeep/er/\ndeep/x\n');
    });

    it('says when there is nothing, too much, or no directory', () => {
      expect(call('list_files', {})).toBe('(empty)\n');
      for (let n = 0; n < 2_001; n += 1) file(`f${n}`, '');
      const lines = call('list_files', {}).trimEnd().split('\n');
      expect(lines).toHaveLength(2_001);
      expect(lines.at(-1)).toBe('[more than 2000 entries; list a directory below]');
      expect(call('list_files', { path: 'nowhere' })).toBe(
        '1: Cannot list nowhere: there is no such file or directory\n',
      );
      expect(call('list_files', { path: 'f1' })).toBe('1: Cannot list f1: a part of the path is not a directory\n');
    });
  });

  describe('search', () => {
    it('names file, line and text of what matches, and looks where people look', () => {
      for (const path of ['src/deep', '.git', 'node_modules/x']) mkdirSync(`${workspace}/${path}`, { recursive: true });
      file('src/a.ts', 'one\nTwo needles\nthree\n');
      file('src/deep/b.md', 'a needle\n');
      for (const path of ['.git/c', 'node_modules/x/d']) file(path, 'needle\n');
      file('binary', Buffer.from('needle\0'));
      const found = (input: Record<string, string | number | boolean>) =>
        String(call('search_files', input)).split('\n').filter(Boolean).sort();
      expect(found({ pattern: 'needles?' })).toEqual(['src/a.ts:2:Two needles', 'src/deep/b.md:1:a needle']);
      expect(found({ pattern: 'two', ignore_case: true, path: 'src/' })).toEqual(['src/a.ts:2:Two needles']);
      expect(found({ pattern: '^(one|three)$', path: 'src/a.ts' })).toEqual(['src/a.ts:1:one', 'src/a.ts:3:three']);
      expect(found({ pattern: 'needle', glob: '*.md' })).toEqual(['src/deep/b.md:1:a needle']);
      expect(found({ pattern: 'nowhere' })).toEqual(['(nothing found)']);
    });

    it('is bounded, and says when there is more', () => {
      file('long', `${'x'.repeat(5_000)}\n${'x\n'.repeat(300)}`);
      const lines = String(call('search_files', { pattern: 'x' }))
        .trimEnd()
        .split('\n');
      expect(lines).toHaveLength(201);
      expect(lines[0]!.length).toBeLessThan(700);
      expect(lines.at(-1)).toBe('[more than 200 lines; search for something narrower]');
    });

    it('says what hinders it, and takes any pattern for a pattern', () => {
      expect(call('search_files', { pattern: 'x', path: 'nowhere' })).toBe(
        '1: Cannot search nowhere: there is no such file or directory\n',
      );
      expect(call('search_files', { pattern: '(' })).toMatch(/^1: Cannot search for this pattern: /);
      file('a', '--help $(touch hit)\n');
      expect(call('search_files', { pattern: '--help' })).toBe('a:1:--help $(touch hit)\n');
      expect(call('search_files', { pattern: '$(touch hit)', glob: '`touch hit`' })).toBe('(nothing found)\n');
      expect(existsSync(`${workspace}/hit`)).toBe(false);
    });
  });
});
