import { readFileSync } from 'node:fs';
import type { Pool, PoolClient } from 'pg';
import { checkedSchema, inSchema } from '../migrate.js';
import { appendStatement } from '../statements/append-statement.js';
import type { AppendStatement } from '../statements/append-statement.js';

/** What one service may do in the event store, and the database role that it comes in with. */
export interface ServiceRole {
  readonly service: string;
  /** A role that exists. */
  readonly role: string;
  /** Categories of the streams that it writes (E3). */
  readonly categories: readonly string[];
  /** How the names of its consumers begin, such as `reactor/billing.`: only it moves their checkpoints. */
  readonly consumers: readonly string[];
}

/** Tables that only the append functions and migrations write; every other table is kept per consumer. */
const LOG = ['store', 'stream', 'event', 'migration', 'service_role', 'stream_writer', 'consumer_owner'];

/**
 * Lets each role do its service's work in the store, and nothing else: read the whole log, append to its own categories,
 * move its own checkpoints. Replaces what an earlier call granted. Run it as the owner of the schema, and again after a
 * migration.
 */
export async function grantServiceRoles(
  pool: Pool,
  services: readonly ServiceRole[],
  options: { readonly schema?: string } = {},
): Promise<void> {
  const schema = checkedSchema(options.schema);
  await inTransaction(pool, async client => {
    await client.query(`select pg_advisory_xact_lock(hashtextextended($1, 18003))`, [schema]);
    await client.query(functionsFor(schema));
    await writeOwnership(client, schema, services);
    await grant(client, schema, services);
  });
}

/** The roles that were granted in this database, by service; empty when roles are not used. */
export async function grantedServiceRoles(
  pool: Pool,
  options: { readonly schema?: string } = {},
): Promise<ReadonlyMap<string, string>> {
  const schema = checkedSchema(options.schema);
  const { rows: found } = await pool.query<{ table: string | null }>('select to_regclass($1) as table', [
    `${schema}.service_role`,
  ]);
  if (!found[0]?.table) return new Map();
  const { rows } = await pool.query<{ service: string; role: string }>(
    `select service, role from ${schema}.service_role`,
  );
  return new Map(rows.map(({ service, role }) => [service, role]));
}

function functionsFor(schema: string): string {
  const sql = readFileSync(new URL('./service-roles.sql', import.meta.url), 'utf8');
  const whole = sql.replaceAll(/^ *--\{\{append-(first|next|flight)\}\}$/gm, (_, name: AppendStatement) =>
    appendStatement(name),
  );
  return inSchema(whole, schema);
}

async function writeOwnership(client: PoolClient, schema: string, services: readonly ServiceRole[]): Promise<void> {
  await client.query(`delete from ${schema}.service_role`);
  const insert = (table: string, rows: readonly (readonly [string, string])[]) =>
    client.query(`insert into ${schema}.${table} select * from unnest($1::text[], $2::text[])`, [
      rows.map(([first]) => first),
      rows.map(([, second]) => second),
    ]);
  await insert(
    'service_role (service, role)',
    services.map(({ service, role }) => [service, role]),
  );
  await insert(
    'stream_writer (category, service)',
    services.flatMap(({ service, categories }) => categories.map(category => [category, service] as const)),
  );
  await insert(
    'consumer_owner (prefix, service)',
    services.flatMap(({ service, consumers }) => consumers.map(prefix => [prefix, service] as const)),
  );
}

async function grant(client: PoolClient, schema: string, services: readonly ServiceRole[]): Promise<void> {
  const roles = services.map(({ role }) => client.escapeIdentifier(role)).join(', ');
  const { rows: tables } = await client.query<{ name: string; has_consumer: boolean }>(
    `select c.relname as name,
            exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'consumer') as has_consumer
       from pg_class c where c.relnamespace = $1::regnamespace and c.relkind in ('r', 'p') order by 1`,
    [schema],
  );
  const own = ['append_one', 'append_flight', 'append', 'end_stream'].map(name => `${schema}.service_${name}`);
  await client.query(`
    revoke all on all tables in schema ${schema} from ${roles};
    revoke all on function ${own.join(', ')} from public;
    grant usage on schema ${schema} to ${roles};
    grant select on all tables in schema ${schema} to ${roles};
    grant select on sequence ${schema}.gpos to ${roles};
    grant execute on function ${own.join(', ')} to ${roles}`);
  for (const { name, has_consumer: perConsumer } of tables.filter(({ name }) => !LOG.includes(name))) {
    await client.query(`grant insert, update, delete on ${schema}.${name} to ${roles}`);
    if (perConsumer) await client.query(ownRowsOnly(schema, name));
  }
}

/** The owner of the table is not held to policies, so that a small installation pays nothing. */
function ownRowsOnly(schema: string, table: string): string {
  const name = `${schema}.${table}`;
  const mine = `${schema}.owns_consumer(consumer)`;
  return `
    alter table ${name} enable row level security;
    drop policy if exists all_read on ${name}; create policy all_read on ${name} for select using (true);
    drop policy if exists own_insert on ${name};
    create policy own_insert on ${name} for insert with check (${mine});
    drop policy if exists own_update on ${name};
    create policy own_update on ${name} for update using (${mine}) with check (${mine});
    drop policy if exists own_delete on ${name}; create policy own_delete on ${name} for delete using (${mine})`;
}

async function inTransaction(pool: Pool, work: (client: PoolClient) => Promise<void>): Promise<void> {
  const client = await pool.connect();
  let broken = true;
  try {
    await client.query('begin');
    await work(client);
    await client.query('commit');
    broken = false;
  } finally {
    client.release(broken);
  }
}
