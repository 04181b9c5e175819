/**
 * What a file tool that needs more than bash runs inside the sandbox: a program for Node that reads its arguments as JSON
 * from stdin, prints the result, and says on stderr with exit code 1 what went wrong. It sees what the sandbox sees (S1).
 */
const PREAMBLE = `
const fs = require('node:fs'), path = require('node:path');
const input = JSON.parse(fs.readFileSync(0, 'utf8'));
const refuse = message => { fs.writeSync(2, message + '\\n'); process.exit(1); };
const reasons = { ENOENT: 'there is no such file or directory', EISDIR: 'it is a directory', ENOTDIR: 'a part of the path is not a directory',
  EACCES: 'permission denied', EROFS: 'it is read-only here', ENOSPC: 'the disk is full', ELOOP: 'too many links' };
const attempt = (what, work) => { try { return work(); } catch (error) { refuse(what + ' ' + input.path + ': ' + (reasons[error.code] || error.message)); } };
const say = text => { let rest = Buffer.from(text); while (rest.length > 0) { try { rest = rest.subarray(fs.writeSync(1, rest)); } catch (error) { if (error.code !== 'EAGAIN') throw error; } } };
const readBytes = () => {
  const bytes = attempt('Cannot read', () => { if (!fs.statSync(input.path).isFile()) throw Object.assign(new Error(), { code: 'EISDIR' }); return fs.readFileSync(input.path); });
  if (bytes.subarray(0, 8192).includes(0)) refuse('Cannot read ' + input.path + ': it is not a text file');
  return bytes.toString('latin1');
};
`;

/**
 * Works on bytes, so that what is not replaced stays as it is in whatever encoding. Agents write lines that end with LF, and do not see that those of a file end with CRLF: what is not found as it is, is looked
 * for with the ends that the file has, and replaced by lines that end so, too.
 */
export const EDIT_FILE = `${PREAMBLE}
const text = readBytes();
if (input.old_string === '') refuse('Cannot edit ' + input.path + ': old_string is empty; use write_file for a new file');
if (input.old_string === input.new_string) refuse('Cannot edit ' + input.path + ': old_string and new_string are the same');
const asBytes = string => Buffer.from(string).toString('latin1');
const withCrlf = string => string.replace(/\\r?\\n/g, '\\r\\n');
let [old, fresh] = [asBytes(input.old_string), asBytes(input.new_string)], note = '';
if (!text.includes(old) && text.includes(withCrlf(old))) [old, fresh, note] = [withCrlf(old), withCrlf(fresh), ' Its lines end with CRLF, and so do the new ones.'];
const found = text.split(old).length - 1;
if (found === 0) refuse('Cannot edit ' + input.path + ': old_string was not found; it must match exactly, white space included');
if (found > 1 && !input.replace_all) refuse('Cannot edit ' + input.path + ': old_string is not unique, it occurs ' + found + ' times; give more of the text around it, or set replace_all');
attempt('Cannot write', () => fs.writeFileSync(input.path, Buffer.from(text.split(old).join(fresh), 'latin1')));
say('Replaced ' + found + (found === 1 ? ' occurrence in ' : ' occurrences in ') + input.path + '.' + note + '\\n');
`;
