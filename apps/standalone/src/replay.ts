import type { EventStore, RecordedEvent } from '@runledger/event-store';
import { replayRun } from '@runledger/gateway';
import { servicePool } from '@runledger/platform';
import { misused, readCommandLine } from './command-line.js';
import { print, runDatabaseCommand } from './database/run-database-command.js';
import { openReadableLog } from './readable-log.js';

const HELP = `npm run replay -- --run <run id> [--to <position>] [--view] [--json]

Plays a run again from the log, beside a running platform or without one.

  --run    run_…
  --to     stop at this position: the run as it was then
  --view   what the events make: the run with its steps and approvals, as JSON
  --json   the events as NDJSON, as they were stored, instead of a line of text for each

Works on the database of DATABASE_URL, or on the embedded one of RUNLEDGER_HOME, and on the log of EVENT_STORE. Exit code 1: there is no
such run, or it had not begun; 2: it could not be read.`;

const NO_SUCH_RUN = 1;
const COULD_NOT = 2;

const { values } = readCommandLine(HELP, {
  options: {
    run: { type: 'string' },
    to: { type: 'string' },
    view: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const { run: runId, to, view, json } = values;
if (runId !== undefined && (to === undefined || /^\d{1,19}$/.test(to))) {
  await runDatabaseCommand(url => withLog(url, store => replay(store, runId)), { failure: COULD_NOT });
} else misused(HELP, to === undefined ? undefined : `"${to}" is no position of the log`);

async function replay(store: EventStore, id: string): Promise<void> {
  let events = 0;
  const onEvent = (event: RecordedEvent) => {
    events += 1;
    if (!view) print(json ? jsonLine(event) : textLine(event));
  };
  const upTo = to === undefined ? {} : { to: BigInt(to) };
  const shown = await replayRun(store, { runId: id, ...upTo, onEvent });
  if (view && shown) print(JSON.stringify(shown, undefined, 2));
  if (events > 0) return;
  process.stderr.write(`There is no run ${id}${to === undefined ? '' : `, or it had not begun at ${to}`}.\n`);
  process.exitCode = NO_SUCH_RUN;
}

function textLine({ position, metadata, type, stream }: RecordedEvent): string {
  return [String(position).padStart(10), metadata.occurredAt, type.padEnd(26), stream].join('  ');
}

function jsonLine({ position, ...event }: RecordedEvent): string {
  return JSON.stringify({ position: String(position), ...event });
}

async function withLog(url: string, work: (store: EventStore) => Promise<void>): Promise<void> {
  const pool = servicePool({ connectionString: url, max: 2, application_name: 'runledger replay' });
  try {
    const { store } = await openReadableLog(url, pool);
    await work(store).finally(() => store.close());
  } finally {
    await pool.end();
  }
}
