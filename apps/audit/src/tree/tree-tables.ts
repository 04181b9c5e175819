import type { SchemaHistory } from '@runledger/event-store';

/**
 * The tree over the log. All of it can be thrown away and sealed anew from the log, to the same hashes.
 *
 * `tile` has the hashes of complete subtrees, 256 to a row as in C2SP tlog-tiles: level 0 those of the leaves, level 1 of
 * subtrees of 256 leaves, and so on. `entry` says which leaf an event is, and which leaves come before it in its run and in its
 * workspace; `chain` where each run and each workspace (story '') ends. `checkpoint` keeps what was signed.
 */
const TREE = `
  CREATE TABLE audit.tree (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    log uuid NOT NULL,
    size bigint NOT NULL DEFAULT 0,
    position bigint NOT NULL DEFAULT 0
  );
  CREATE TABLE audit.tile (
    level int NOT NULL,
    index bigint NOT NULL,
    hashes bytea NOT NULL,
    PRIMARY KEY (level, index)
  );
  ALTER TABLE audit.tile ALTER COLUMN hashes SET STORAGE EXTERNAL;
  CREATE TABLE audit.entry (
    leaf bigint PRIMARY KEY,
    position bigint NOT NULL UNIQUE,
    event_id uuid NOT NULL,
    story_n bigint NOT NULL,
    story_prev bigint,
    workspace_n bigint NOT NULL,
    workspace_prev bigint,
    recorded_at timestamptz NOT NULL
  );
  CREATE INDEX entry_by_event ON audit.entry (event_id);
  CREATE INDEX entry_by_time ON audit.entry (recorded_at);
  CREATE TABLE audit.chain (
    workspace text COLLATE "C" NOT NULL,
    story text COLLATE "C" NOT NULL,
    entries bigint NOT NULL,
    leaf bigint NOT NULL,
    last bytea NOT NULL,
    PRIMARY KEY (workspace, story)
  );
  CREATE TABLE audit.checkpoint (
    size bigint PRIMARY KEY,
    note text NOT NULL,
    signed_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE TABLE audit.publication (
    place text PRIMARY KEY,
    size bigint NOT NULL,
    published_at timestamptz NOT NULL DEFAULT now()
  );`;

/** The audit service's own schema. */
export const AUDIT_SCHEMA: SchemaHistory = { schema: 'audit', migrations: [{ name: '0001-tree', sql: TREE }] };
