// Checks an audit export without any of Runledger's code:
//
//   node examples/check-export/check.mjs <file> [head that was kept elsewhere]
//
// Exit code 0: nothing was changed, dropped, inserted or moved. 1: the place where the chain breaks.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const [file, keptHead] = process.argv.slice(2);
const problem = wrongIn(readFileSync(file, 'utf8'));
if (problem) console.error(`${file}: ${problem}`);
process.exitCode = problem ? 1 : 0;

function wrongIn(text) {
  if (!text.endsWith('\n')) return 'the file was cut: its last line does not end';
  const lines = text.slice(0, -1).split('\n');
  let previous;
  for (const [index, line] of lines.entries()) {
    if (prevOf(line) !== previous) return `line ${index + 1} does not follow the line before it`;
    previous = createHash('sha256').update(line).digest('hex');
  }
  const header = JSON.parse(lines[0]);
  const trailer = JSON.parse(lines.at(-1));
  if (header.format !== 'runledger.audit' || header.version !== 1) return 'this is not an audit export of version 1';
  if (trailer.events !== lines.length - 2) return `${lines.length - 2} events are there, not ${trailer.events}`;
  if (trailer.head !== trailer.prev) return 'the head in the last line is not the hash of the line before it';
  if (keptHead && trailer.head !== keptHead) return `the head is ${trailer.head}, not the one that was kept`;
  console.log(`${header.runId}: ${trailer.events} events, chain intact, head ${trailer.head}`);
  return undefined;
}

/** What a line says about the line before it; null when it is no JSON, which no line follows. */
function prevOf(line) {
  try {
    return JSON.parse(line).prev;
  } catch {
    return null;
  }
}
