import { CheckpointDesk } from '@runledger/event-store';
import type { CheckpointStanding } from '@runledger/event-store';
import { servicePool } from '@runledger/platform';
import { openEventLog, readStorageConfig } from '@runledger/platform/storage';
import { misused, readCommandLine } from './command-line.js';
import { print, runDatabaseCommand } from './database/run-database-command.js';
import { withReadModels } from './read-models/read-model-desk.js';
import type { ReadModelDesk } from './read-models/read-model-desk.js';

const HELP = `npm run checkpoints -- list
npm run checkpoints -- reset <consumer> …
npm run checkpoints -- reset --misfits

Shows how far each consumer of the log has read, and puts consumers back to the first event, while the platform is stopped. A
checkpoint that is ahead of the log, or of another log, would skip events: the platform does not start on it. Reset it, and
everything is delivered to that consumer again: a reactor does nothing twice, a read model is built anew.

  --misfits   every consumer that has a checkpoint which does not fit the log

Works on the database of DATABASE_URL, which must come in as the owner of the tables, and on the log of EVENT_STORE.`;

const { positionals, values } = readCommandLine(HELP, {
  allowPositionals: true,
  options: { misfits: { type: 'boolean', default: false } },
});
const { misfits } = values;
const [verb, ...names] = positionals;
if (verb === 'list' && names.length === 0 && !misfits) await runDatabaseCommand(url => withDesk(url, list));
else if (verb === 'reset' && names.length > 0 !== misfits)
  await runDatabaseCommand(url => withDesk(url, desk => withReadModels(url, readModels => reset(desk, readModels))));
else misused(HELP);

async function withDesk(url: string, work: (desk: CheckpointDesk) => Promise<void>): Promise<void> {
  const pool = servicePool({ connectionString: url, max: 2, application_name: 'runledger checkpoints' });
  const silent = () => undefined; // a broken connection fails the query that needs it
  try {
    const { eventStore: config } = readStorageConfig();
    const { store } = await openEventLog({ config, databaseUrl: url, pool, onProblem: silent });
    try {
      await work(new CheckpointDesk(pool, store));
    } finally {
      await store.close();
    }
  } finally {
    await pool.end();
  }
}

async function list(desk: CheckpointDesk): Promise<void> {
  const { head, checkpoints } = await desk.list();
  print(`The log ends at position ${head}.`);
  for (const [consumer, standings] of byConsumer(checkpoints)) {
    const unfit = standings.filter(({ state }) => state !== 'fits');
    const positions = standings.map(({ position }) => position).sort((a, b) => (a < b ? -1 : 1));
    const [lowest, highest] = [positions[0], positions.at(-1)];
    const range = lowest === highest ? `${highest}` : `${lowest} to ${highest}`;
    print(`  ${consumer}: ${range}${unfit.length === 0 ? '' : `  ${complaint(unfit)}`}`);
  }
  const unfit = misfitsOf(checkpoints);
  if (unfit.length === 0) return;
  print(`\n${unfit.length} do not fit this log: npm run checkpoints -- reset --misfits`);
  process.exitCode = 1;
}

function complaint(standings: readonly CheckpointStanding[]): string {
  return standings.some(({ state }) => state === 'other-log') ? 'OF ANOTHER LOG' : 'AHEAD OF THE LOG';
}

async function reset(desk: CheckpointDesk, readModels: ReadModelDesk): Promise<void> {
  const consumers = misfits ? misfitsOf((await desk.list()).checkpoints) : names;
  for (const consumer of consumers) {
    const { checkpoints, parkedEvents } = await desk.reset(consumer, () => readModels.empty(consumer));
    const parked = parkedEvents === 0 ? '' : `, ${parkedEvents} parked events will be delivered again`;
    print(`${consumer}: starts at the first event (${checkpoints} checkpoints${parked})`);
  }
  if (consumers.length === 0) print('Every checkpoint fits the log: nothing was reset.');
}

function misfitsOf(checkpoints: readonly CheckpointStanding[]): string[] {
  const unfit = checkpoints.filter(({ state }) => state !== 'fits');
  return [...new Set(unfit.map(({ consumer }) => consumer))];
}

function byConsumer(checkpoints: readonly CheckpointStanding[]): Map<string, CheckpointStanding[]> {
  const groups = new Map<string, CheckpointStanding[]>();
  for (const standing of checkpoints) {
    const name = `${standing.consumer} (version ${standing.version})`;
    groups.set(name, [...(groups.get(name) ?? []), standing]);
  }
  return groups;
}
