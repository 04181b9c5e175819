import { DEPLOYED_SERVICES, STREAM_OWNERS } from '@runledger/contracts';
import type { DeployedService } from '@runledger/contracts';
import { grantedServiceRoles, grantServiceRoles } from '@runledger/event-store';
import type { MigrationReport, ServiceRole } from '@runledger/event-store';
import { Fault } from '@runledger/kernel';
import { timerSchema } from '@runledger/timers';
import type { Pool } from 'pg';
import { escapeIdentifier as quoted } from 'pg';
import { TIMED_SERVICES } from '../timed-services.js';
import { handOver } from './hand-over.js';

export const DEFAULT_PREFIX = 'runledger_';

/** Who comes in with a role of its own: each service, and the one that changes tables. */
export const DATABASE_USERS = ['migrator', ...DEPLOYED_SERVICES] as const;
export type DatabaseUser = (typeof DATABASE_USERS)[number];

/** Schemas with tables of one service. */
const OWN_SCHEMAS: readonly { readonly schema: string; readonly owner: DeployedService }[] = [
  { schema: 'gateway', owner: 'gateway' },
  { schema: 'sandbox', owner: 'sandbox' },
  { schema: 'approval', owner: 'approval' },
  { schema: 'audit', owner: 'audit' },
  ...TIMED_SERVICES.map(owner => ({ schema: timerSchema(owner), owner })),
];
const SCHEMA_OWNERS: readonly DeployedService[] = [...new Set(OWN_SCHEMAS.map(({ owner }) => owner))];

/** The prefix cannot be used in names of roles. */
export class InvalidRolePrefixError extends Fault {
  constructor(prefix: string) {
    super(
      'INVALID_ROLE_PREFIX',
      `"${prefix}" cannot begin names of roles: use up to 40 lower-case letters, digits and underscores.`,
      {
        fields: { prefix },
      },
    );
  }
}

/** Name of the database role, by default `runledger_<user>`. */
export function roleName(user: DatabaseUser, prefix = DEFAULT_PREFIX): string {
  if (!/^[a-z_][a-z0-9_]{0,39}$/.test(prefix)) throw new InvalidRolePrefixError(prefix);
  return `${prefix}${user}`;
}

/**
 * Makes the roles that are missing and lets them into this database. `pool` comes in as a superuser, or as a role that may
 * make roles and owns the database. New roles cannot log in before they have a password. Returns the ones that were made.
 */
export async function createRoles(pool: Pool, prefix = DEFAULT_PREFIX): Promise<DatabaseUser[]> {
  const made: DatabaseUser[] = [];
  for (const user of DATABASE_USERS) {
    const role = roleName(user, prefix);
    const { rows } = await pool.query('select from pg_roles where rolname = $1', [role]);
    if (rows.length > 0) continue;
    await pool.query(`create role ${quoted(role)} login`);
    made.push(user);
  }
  await letIn(pool, prefix);
  return made;
}

async function letIn(pool: Pool, prefix: string): Promise<void> {
  const { rows } = await pool.query<{ database: string; me: string; is_superuser: boolean }>(
    `select current_database() as database, current_user as me,
            (select rolsuper from pg_roles where rolname = current_user) as is_superuser`,
  );
  const { database = '', me = '', is_superuser: isSuperuser } = rows[0] ?? {};
  const role = (user: DatabaseUser) => quoted(roleName(user, prefix));
  const all = DATABASE_USERS.map(role).join(', ');
  const makersOfSchemas = ['migrator', 'gateway'] as const; // the gateway rebuilds its read models in a schema beside
  await pool.query(`grant connect on database ${quoted(database)} to ${all}`);
  await pool.query(`grant create on database ${quoted(database)} to ${makersOfSchemas.map(role).join(', ')}`);
  await pool.query(`grant ${SCHEMA_OWNERS.map(role).join(', ')} to ${role('migrator')}`);
  if (!isSuperuser) await pool.query(`grant ${all} to ${quoted(me)}`); // to hand tables over to them
}

/** Lets each role do its service's work in a migrated database, and hands its tables over. May be run again. */
export async function grantRoles(pool: Pool, prefix = DEFAULT_PREFIX): Promise<void> {
  await grantServiceRoles(
    pool,
    serviceRoles(service => roleName(service, prefix)),
  );
  await handOver(pool, 'runledger', roleName('migrator', prefix));
  for (const { schema, owner } of OWN_SCHEMAS) await handOver(pool, schema, roleName(owner, prefix));
}

/** After a migration: where roles are used, what the migration made is theirs as well. */
export async function refreshRoles(pool: Pool, report: MigrationReport): Promise<void> {
  const granted = await grantedServiceRoles(pool);
  const gateway = granted.get('gateway');
  if (gateway === undefined) return;
  await grantRoles(pool, gateway.slice(0, -'gateway'.length));
  report('roles: each service writes its own streams and tables only');
}

function serviceRoles(roleOf: (service: DeployedService) => string): ServiceRole[] {
  return DEPLOYED_SERVICES.map(service => ({
    service,
    role: roleOf(service),
    categories: STREAM_OWNERS[service],
    consumers: consumersOf(service),
  }));
}

/** How the names of a service's consumers begin. */
function consumersOf(service: DeployedService): string[] {
  switch (service) {
    case 'gateway':
      return ['projection/', 'reactor/gateway.'];
    case 'relay':
      return ['relay/'];
    case 'orchestrator':
    case 'sandbox':
    case 'approval':
    case 'billing':
    case 'audit':
      return [`reactor/${service}.`];
  }
}
