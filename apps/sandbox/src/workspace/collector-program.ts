/** Most files that were left out and are named: a step can make more of them than anybody wants to hold. */
export const MOST_SKIPPED = 1_000;

/**
 * Runs inside the sandbox, on Node, over a workspace that it can only read. Prints frames: 4 bytes length (big endian),
 * 1 byte kind, payload. Kinds: `F` path of a file, `X` that of one that can be executed, `D` its bytes, `E` its end, `S` a file that was left out, as JSON.
 * A glob that is the very name of a file stands for it, whatever else it means: `app/[id]/page.tsx`. Opens nothing but regular files and follows no link, in no part of a path. Names the first {@link MOST_SKIPPED} that it leaves out, and
 * counts the others.
 */
export const collectorProgram = `
const fs = require('node:fs');
const { matchesGlob } = require('node:path').posix;
const { root, globs, maxFiles, maxFileBytes } = JSON.parse(process.argv[1]);
const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
const chunk = Buffer.allocUnsafe(65536);
let files = 0;
let skipped = 0;

function frame(kind, payload) {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(payload.length, 0);
  head.write(kind, 4);
  writeAll(head);
  writeAll(payload);
}
function writeAll(bytes) {
  for (let done = 0; done < bytes.length; ) done += fs.writeSync(1, bytes, done);
}
function skip(path, reason) {
  skipped += 1;
  if (skipped <= ${MOST_SKIPPED}) tell(path, reason);
}
function tell(path, reason) {
  frame('S', Buffer.from(JSON.stringify({ path, reason })));
}
function reasonOf(path, { code, message }) {
  if (code === 'EACCES' || code === 'EPERM') return 'it may not be read';
  if (code === 'ENOENT') return path.includes('\\ufffd') ? 'its name is not UTF-8' : 'it is gone';
  return code || message;
}
function wanted(path) {
  const parts = path.split('/');
  const prefixes = parts.map((_, index) => parts.slice(0, index + 1).join('/'));
  return globs.some(glob => prefixes.some(prefix => prefix === glob || matchesGlob(prefix, glob)));
}
function keep(path) {
  const file = fs.openSync(root + '/' + path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const { size, mode } = fs.fstatSync(file);
    if (size > maxFileBytes) return skip(path, 'larger than ' + maxFileBytes + ' bytes');
    if (files >= maxFiles) return skip(path, 'more than ' + maxFiles + ' files');
    files += 1;
    frame(mode & 0o111 ? 'X' : 'F', Buffer.from(path));
    let left = size;
    while (left > 0) {
      const read = fs.readSync(file, chunk, 0, Math.min(left, chunk.length), null);
      if (read === 0) break;
      frame('D', chunk.subarray(0, read));
      left -= read;
    }
    frame('E', Buffer.alloc(0));
  } finally {
    fs.closeSync(file);
  }
}
function walk(directory) {
  const names = fs.readdirSync(root + '/' + directory, { withFileTypes: true });
  for (const entry of names.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = directory === '' ? entry.name : directory + '/' + entry.name;
    try {
      if (entry.isDirectory() && entry.name !== '.git') walk(path);
      else if (entry.isFile() && wanted(path)) keep(path);
      else if (entry.isSymbolicLink() && wanted(path)) skip(path, 'a symbolic link');
    } catch (error) {
      if (wanted(path)) skip(path, reasonOf(path, error));
    }
  }
}
walk('');
if (skipped > ${MOST_SKIPPED}) tell('…', skipped - ${MOST_SKIPPED} + ' more are left out');
`;
