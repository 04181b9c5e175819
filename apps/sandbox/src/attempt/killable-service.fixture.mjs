/**
 * The sandbox service as `ServiceProcess` starts it: SERVICE_SETTINGS says with what, and at which of its statements or files it is
 * to kill itself. The service knows nothing of that.
 */
const settings = JSON.parse(process.env.SERVICE_SETTINGS);
if (settings.crash) await dieAt(settings.crash);

await import('reflect-metadata');
const { default: pg } = await import('pg');
const { Module } = await import('@nestjs/common');
const { NestFactory } = await import('@nestjs/core');
const { catalogue, ReleaseBudget, ReserveBudget } = await import('@runledger/contracts');
const { createPostgresEventStore, PostgresCheckpoints } = await import('@runledger/event-store');
const { CommandRegistry, FileBlobStore, PlatformModule } = await import('@runledger/platform');
const { SandboxModule } = await import('@runledger/sandbox');
const { readSandboxConfig } = await import('@runledger/sandbox/config');

const { mountSources, maxAttempts = 8, homeDir, liveness, databaseUrl } = settings;
const database = new pg.Pool({ connectionString: databaseUrl, max: 2 });
const store = createPostgresEventStore({ connectionString: databaseUrl, poolSize: 2 });
const defaults = readSandboxConfig({});
const agents = { ...defaults.agents, ...(settings.agents ?? { place: 'service' }) };
const config = { ...defaults, mountSources, maxAttempts, agents };
const log = { info() {}, warn() {}, error: console.error };
class Service {}
Module({
  imports: [
    PlatformModule.register({
      ...{
        store,
        checkpoints: new PostgresCheckpoints(database),
        blobs: new FileBlobStore(settings.blobsDir),
        catalogue,
        log,
      },
      ...(liveness && { leases: { sharing: 'shared', ttlMs: liveness.ttlMs } }),
    }),
    SandboxModule.register({ config, database, homeDir, log, ...(liveness && { newsUrl: databaseUrl, liveness }) }),
  ],
})(Service);
const app = await NestFactory.createApplicationContext(Service, { logger: false, abortOnError: false });
// Billing is not here; nobody counts.
const granted = async () => ({ status: 'accepted', output: { status: 'GRANTED' }, position: undefined });
for (const command of [ReserveBudget, ReleaseBudget]) app.get(CommandRegistry).answer(command, granted);
process.once('SIGTERM', async () => {
  await app.close();
  await store.close();
  await database.end();
});
console.log('started');

/** Kills the process at the first thing that fits. */
async function dieAt({ at, pattern, when, about }) {
  const expression = new RegExp(pattern, 'is');
  const fits = text => text.includes(about) && expression.test(text);
  if (at === 'statement') await dieAtStatement(fits, when);
  else await dieAtFile(fits, when);
}

function die() {
  process.kill(process.pid, 'SIGKILL');
}

async function dieAtStatement(fits, when) {
  const { default: driver } = await import('pg');
  const query = driver.Client.prototype.query;
  driver.Client.prototype.query = function queryOrDie(...args) {
    const [statement, values] = args;
    const given = statement?.values ?? (Array.isArray(values) ? values : []);
    const said = [statement?.name, statement?.text ?? String(statement)].join(' ');
    if (!fits(`${said} ${JSON.stringify(given, readable)}`)) return query.apply(this, args);
    if (when === 'before') die();
    // A statement of the event store is told itself that it was answered.
    if (typeof statement?.submit === 'function') {
      statement.handleReadyForQuery = die;
      return query.apply(this, args);
    }
    const told = args.at(-1);
    if (typeof told === 'function') return query.apply(this, [...args.slice(0, -1), die]);
    return query.apply(this, args).then(die);
  };
}

function readable(_name, value) {
  if (typeof value === 'bigint') return String(value);
  return value?.type === 'Buffer' ? Buffer.from(value).toString() : value;
}

async function dieAtFile(fits, when) {
  const { default: fs } = await import('node:fs');
  const { syncBuiltinESMExports } = await import('node:module');
  for (const [name, pathAt] of [
    ['writeFileSync', 0],
    ['renameSync', 1],
  ]) {
    const original = fs[name];
    fs[name] = (...args) => {
      const isIt = fits(String(args[pathAt]));
      if (isIt && when === 'before') die();
      const result = original(...args);
      if (isIt) die();
      return result;
    };
  }
  syncBuiltinESMExports();
}
