import type { Pool } from 'pg';
import { escapeIdentifier as quoted } from 'pg';

/** Statements that make `$2` the owner of schema `$1` and of what is in it, where it is not the owner yet. */
const STATEMENTS = `
  with new_owner as (select r.oid, quote_ident(r.rolname) as name from pg_roles r where r.rolname = $2)
  select format('alter schema %I owner to %s', n.nspname, o.name) as statement
    from pg_namespace n, new_owner o where n.nspname = $1 and n.nspowner <> o.oid
  union all
  select format('alter table %I.%I owner to %s', $1, c.relname, o.name)
    from pg_class c, new_owner o
   where c.relnamespace = to_regnamespace($3) and c.relkind in ('r', 'p', 'v', 'm', 'S') and c.relowner <> o.oid
     -- a sequence of an identity column goes with its table
     and not exists (select from pg_depend d where d.objid = c.oid and d.classid = 'pg_class'::regclass
                        and d.deptype in ('a', 'i') and d.refclassid = 'pg_class'::regclass)
  union all
  select format('alter function %s owner to %s', p.oid::regprocedure, o.name)
    from pg_proc p, new_owner o where p.pronamespace = to_regnamespace($3) and p.proowner <> o.oid`;

/** Gives a schema and everything in it to another role; does nothing when it is the owner already. */
export async function handOver(pool: Pool, schema: string, role: string): Promise<void> {
  const { rows } = await pool.query<{ statement: string }>(STATEMENTS, [schema, role, quoted(schema)]);
  for (const { statement } of rows) await pool.query(statement);
}
