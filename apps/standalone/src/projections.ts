import { misused, readCommandLine } from './command-line.js';
import { print, runDatabaseCommand } from './database/run-database-command.js';
import { withReadModels } from './read-models/read-model-desk.js';
import type { ReadModelDesk } from './read-models/read-model-desk.js';
import { listingLine, progressLine, rebuiltLine, verifiedLines } from './read-models/read-model-lines.js';

const HELP = `npm run projections -- list
npm run projections -- verify [<name> …]
npm run projections -- rebuild <name> …
npm run projections -- retry <name> …

Looks after the read models, beside a running platform or without one.

  list      where each stands, and what stopped it
  verify    rebuilds them into a copy and compares row by row; exit code 0: equal, 1: not equal, 2: could not be verified
  rebuild   builds them anew beside the live rows and swaps, without an outage; an interrupted one is gone on with
  retry     says that the fault which stopped them is mended

  --json    one JSON document per line instead of text; positions are strings

Works on the database of DATABASE_URL, or on the embedded one of RUNLEDGER_HOME, and on the log of EVENT_STORE.`;

const DIFFERENT = 1;
const COULD_NOT = 2;

const { positionals, values } = readCommandLine(HELP, {
  allowPositionals: true,
  options: { json: { type: 'boolean' } },
});
const work = workOf(positionals[0], positionals.slice(1));
if (work) await runDatabaseCommand(url => withReadModels(url, work), { failure: COULD_NOT });
else misused(HELP);

function workOf(verb: string | undefined, names: readonly string[]) {
  if (verb === 'list' && names.length === 0) return list;
  if (verb === 'verify') return (desk: ReadModelDesk) => verify(desk, names);
  if (verb === 'rebuild' && names.length > 0) return (desk: ReadModelDesk) => rebuild(desk, names);
  if (verb === 'retry' && names.length > 0) return (desk: ReadModelDesk) => retry(desk, names);
  return undefined;
}

async function list(desk: ReadModelDesk): Promise<void> {
  for (const listing of await desk.list()) tell(listing, [listingLine(listing)]);
}

async function verify(desk: ReadModelDesk, names: readonly string[]): Promise<void> {
  const equal = await desk.verify(names, report => tell(report, verifiedLines(report)));
  if (!equal) process.exitCode = DIFFERENT;
}

async function rebuild(desk: ReadModelDesk, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const report = await desk.rebuild(name, progress => tell(progress, [progressLine(progress)]));
    tell(report, [rebuiltLine(report)]);
  }
}

async function retry(desk: ReadModelDesk, names: readonly string[]): Promise<void> {
  for (const name of names) {
    await desk.retry(name);
    tell({ projection: name, state: 'is tried again' }, [`${name} is tried again by whoever runs it.`]);
  }
}

function tell(document: object, lines: readonly string[]): void {
  if (!values.json) return lines.forEach(print);
  print(JSON.stringify(document, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value)));
}
