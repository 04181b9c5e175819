import type { EntityManager } from 'typeorm';
import { quotedName } from '../sql-names.js';

export interface TableExchange {
  readonly tables: readonly string[];
  readonly live: string;
  readonly shadow: string;
  /** Schema that the old tables go to; made here. */
  readonly retired: string;
}

/** Who may do what with a table, and whose it is, as statements for the table that takes its place. */
const RIGHTS = `
  SELECT format('ALTER TABLE %I.%I OWNER TO %I', $2::text, c.relname, pg_get_userbyid(c.relowner)) AS statement
  FROM pg_class c WHERE c.oid = ANY ($1::text[]::regclass[])
  UNION ALL
  SELECT format('GRANT %s ON %I.%I TO %s', a.privilege_type, $2::text, c.relname,
    CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END)
  FROM pg_class c, aclexplode(c.relacl) a WHERE c.oid = ANY ($1::text[]::regclass[]) AND a.grantee <> c.relowner`;

/**
 * Puts the shadow's tables into the place of the live ones, with their indexes, rights and owners. Readers that come
 * meanwhile wait until the transaction ends and then read the new ones; the caller limits the waiting for readers at work.
 */
export async function exchangeTables({ tables, live, shadow, retired }: TableExchange, rows: EntityManager) {
  const named = (schema: string) => tables.map(table => `${quotedName(schema)}.${quotedName(table)}`);
  const [old, fresh] = [named(live), named(shadow)];
  await rows.query(`LOCK TABLE ${old.join(', ')} IN ACCESS EXCLUSIVE MODE`);
  const rights = await rows.query<{ statement: string }[]>(RIGHTS, [old, shadow]);
  for (const { statement } of rights) await rows.query(statement);
  await rows.query(`CREATE SCHEMA ${quotedName(retired)}`);
  for (const table of old) await rows.query(`ALTER TABLE ${table} SET SCHEMA ${quotedName(retired)}`);
  for (const table of fresh) await rows.query(`ALTER TABLE ${table} SET SCHEMA ${quotedName(live)}`);
}

/** Drops what the exchange retired; false when something that is not ours depends on it, so that it was left. */
export async function dropRetired({ tables, retired }: TableExchange, rows: EntityManager): Promise<boolean> {
  const names = tables.map(table => `${quotedName(retired)}.${quotedName(table)}`);
  try {
    await rows.query(`DROP TABLE ${names.join(', ')}`);
    await rows.query(`DROP SCHEMA ${quotedName(retired)}`);
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === '2BP01') return false;
    throw error;
  }
}
