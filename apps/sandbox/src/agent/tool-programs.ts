/**
 * What the file tools run inside the sandbox: programs for Node that read their arguments as JSON from stdin, print the
 * result, and say on stderr with exit code 1 what went wrong. They see what the sandbox sees and nothing else (S1).
 */
const PREAMBLE = `
const fs = require('node:fs'), path = require('node:path');
const input = JSON.parse(fs.readFileSync(0, 'utf8'));
const refuse = message => { fs.writeSync(2, message + '\\n'); process.exit(1); };
const reasons = { ENOENT: 'there is no such file or directory', EISDIR: 'it is a directory', ENOTDIR: 'a part of the path is not a directory',
  EACCES: 'permission denied', EROFS: 'it is read-only here', ENOSPC: 'the disk is full', ELOOP: 'too many links' };
const attempt = (what, work) => { try { return work(); } catch (error) { refuse(what + ' ' + input.path + ': ' + (reasons[error.code] || error.message)); } };
const say = text => { let rest = Buffer.from(text); while (rest.length > 0) { try { rest = rest.subarray(fs.writeSync(1, rest)); } catch (error) { if (error.code !== 'EAGAIN') throw error; } } };
const readText = () => {
  const bytes = attempt('Cannot read', () => { if (!fs.statSync(input.path).isFile()) throw Object.assign(new Error(), { code: 'EISDIR' }); return fs.readFileSync(input.path); });
  if (bytes.subarray(0, 8192).includes(0)) refuse('Cannot read ' + input.path + ': it is not a text file');
  return bytes.toString('utf8');
};
`;

export const READ_FILE = `${PREAMBLE}
const lines = readText().split('\\n');
if (lines.at(-1) === '') lines.pop();
const first = input.offset ?? 1, count = input.limit ?? 2000;
if (first > Math.max(1, lines.length)) refuse('Cannot read from line ' + first + ': ' + input.path + ' has ' + lines.length + ' lines');
const shown = lines.slice(first - 1, first - 1 + count);
say(shown.length === 0 ? '' : shown.join('\\n') + '\\n');
const left = lines.length - (first - 1 + shown.length);
if (left > 0) say('[' + left + ' more lines; go on with offset ' + (first + shown.length) + ']\\n');
`;

export const WRITE_FILE = `${PREAMBLE}
attempt('Cannot write', () => { fs.mkdirSync(path.dirname(path.resolve(input.path)), { recursive: true }); fs.writeFileSync(input.path, input.content); });
say('Wrote ' + Buffer.byteLength(input.content) + ' bytes to ' + input.path + '.\\n');
`;

export const EDIT_FILE = `${PREAMBLE}
const text = readText();
if (input.old_string === '') refuse('Cannot edit ' + input.path + ': old_string is empty; use write_file for a new file');
if (input.old_string === input.new_string) refuse('Cannot edit ' + input.path + ': old_string and new_string are the same');
const found = text.split(input.old_string).length - 1;
if (found === 0) refuse('Cannot edit ' + input.path + ': old_string was not found; it must match exactly, white space included');
if (found > 1 && !input.replace_all) refuse('Cannot edit ' + input.path + ': old_string is not unique, it occurs ' + found + ' times; give more of the text around it, or set replace_all');
attempt('Cannot write', () => fs.writeFileSync(input.path, text.split(input.old_string).join(input.new_string)));
say('Replaced ' + found + (found === 1 ? ' occurrence in ' : ' occurrences in ') + input.path + '.\\n');
`;

export const LIST_FILES = `${PREAMBLE}
const most = 2000, deepest = input.depth ?? 2, found = [];
const walk = (directory, prefix, depth) => {
  const entries = fs.readdirSync(directory, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    if (found.length > most) return;
    found.push(prefix + entry.name + (entry.isDirectory() ? '/' : ''));
    if (!entry.isDirectory() || entry.name === '.git' || depth === deepest) continue;
    try { walk(path.join(directory, entry.name), prefix + entry.name + '/', depth + 1); } catch (error) { if (error.code !== 'EACCES') throw error; }
  }
};
attempt('Cannot list', () => walk(input.path, '', 1));
say(found.length === 0 ? '(empty)\\n' : found.slice(0, most).join('\\n') + '\\n');
if (found.length > most) say('[more than ' + most + ' entries; list a directory below]\\n');
`;
