/**
 * Loaded before the platform (`node --import`), this kills its own process with SIGKILL at one exact point of its work:
 * CRASH_AT names a kind of statement, whether before it is sent or after it was answered, and how many are let pass first.
 * It sleeps until SIGUSR2, so that a platform can start in peace. The platform knows nothing of it.
 */
import pg from 'pg';

const { CRASH_AT } = process.env;

/** How a statement is known, by its text and its values. */
const KINDS = {
  append: isAppend,
  'append of what a function did': statement => isAppend(statement) && /told was counted/.test(statement.values),
  'work of a function': () => false, // no statement: the function says so
  notice: ({ text }) => /^notify\b.*_head, 'news/i.test(text),
  'row of open work': ({ text }) => /(insert into|update|delete from) sandbox\.open_/i.test(text),
  'commit of a read model': ({ text, client }) => /^commit/i.test(text) && client.movesReadModel === true,
  'checkpoint of a reactor': ({ text, values }) => isCheckpoint(text) && !/projection\/|relay\//.test(values),
  'checkpoint of the relay': ({ text, values }) => isCheckpoint(text) && /relay\//.test(values),
};

function isAppend({ name }) {
  return name?.startsWith('runledger-append') ?? false;
}

function isCheckpoint(text) {
  return /update runledger\.(partition_)?checkpoint\b[^]* set position/i.test(text);
}

const crash = CRASH_AT === undefined ? undefined : JSON.parse(CRASH_AT);
let armed = false;
let passed = 0;

if (crash) {
  process.on('SIGUSR2', () => (armed = true));
  const query = pg.Client.prototype.query;
  pg.Client.prototype.query = function queryOrDie(...args) {
    if (!isTheOne(this, args[0], args[1])) return query.apply(this, args);
    if (crash.when === 'before') die();
    const told = args.at(-1);
    // A statement of the event store is told itself that it was answered.
    if (typeof args[0]?.submit === 'function') {
      args[0].handleReadyForQuery = () => die();
      return query.apply(this, args);
    }
    if (typeof told === 'function') return query.apply(this, [...args.slice(0, -1), () => die()]);
    return query.apply(this, args).then(die);
  };
}

function isTheOne(client, statement, more) {
  const text = typeof statement === 'string' ? statement : (statement?.text ?? '');
  const values = JSON.stringify(statement?.values ?? (Array.isArray(more) ? more : []), (_, value) => String(value));
  const found = KINDS[crash.kind]({ name: statement?.name, text, values, client });
  if (/^(commit|rollback)/i.test(text)) client.movesReadModel = false;
  else if (isCheckpoint(text) && /projection\//.test(values)) client.movesReadModel = true; // with its rows (P1)
  if (!armed || !found) return false;
  passed += 1;
  return passed > crash.letPass;
}

/** To be called by what is no statement, before and after it. */
export function pass(kind, when) {
  if (!armed || crash.kind !== kind || crash.when !== when) return;
  passed += 1;
  if (passed > crash.letPass) die();
}

function die() {
  process.kill(process.pid, 'SIGKILL');
}
