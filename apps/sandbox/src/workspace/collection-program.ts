/**
 * Runs inside the sandbox, as plain JavaScript: finds the regular files below the working directory that match the patterns
 * (a JSON array in `PATTERNS`) and writes them to standard output as frames, a JSON header line and then that many bytes.
 * Links are neither followed nor sent; `O_NOFOLLOW` holds even when a file is replaced by a link meanwhile (S1).
 */
export const COLLECTION_PROGRAM = `
const fs = require('node:fs');
const path = require('node:path');
const patterns = JSON.parse(process.env.PATTERNS);
const found = [];
(function walk(folder) {
  for (const entry of fs.readdirSync(folder || '.', { withFileTypes: true })) {
    const name = folder ? folder + '/' + entry.name : entry.name;
    if (entry.isDirectory()) { if (name !== '.git') walk(name); }
    else if (entry.isFile() && patterns.some(pattern => path.matchesGlob(name, pattern))) found.push(name);
  }
})('');
for (const name of found.sort()) {
  const file = fs.openSync(name, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW);
  const bytes = fs.fstatSync(file).size;
  write(Buffer.from(JSON.stringify({ path: name, bytes }) + '\\n'));
  const buffer = Buffer.alloc(65536);
  let left = bytes;
  while (left > 0) {
    const got = fs.readSync(file, buffer, 0, Math.min(left, buffer.length), null);
    if (got === 0) throw new Error(name + ' became shorter while it was read');
    write(buffer.subarray(0, got));
    left -= got;
  }
  fs.closeSync(file);
}
function write(chunk) {
  let done = 0;
  while (done < chunk.length) {
    try { done += fs.writeSync(1, chunk, done); }
    catch (error) { if (error.code !== 'EAGAIN') throw error; }
  }
}
`;
