-- The log: one row per event, one row per stream. Written by the functions of 0002 and by nothing else.

-- Names this database's log: a checkpoint that was taken against another log is recognised by it.
create table runledger.store (
  only_row boolean primary key default true check (only_row),
  epoch uuid not null default gen_random_uuid(),
  created_at timestamptz not null default now()
);
insert into runledger.store default values;

create table runledger.stream (
  id bigint generated always as identity primary key,
  tenant text collate "C" not null,
  name text collate "C" not null,
  revision bigint not null default -1,           -- of the last event, -1 before the first one
  state "char" not null default 'A',             -- A active, D soft-deleted, T tombstoned
  truncate_before bigint not null default 0,     -- events below this revision are hidden from stream reads
  unique (tenant, name)
) with (fillfactor = 80);                        -- room for in-place updates of `revision`

-- CACHE must stay 1: a session that keeps numbers in hand would use them behind readers.
create sequence runledger.gpos as bigint cache 1;

-- No foreign key to stream: the append function holds that row's lock, and a key check per event costs a quarter of the rate.
-- json, not jsonb: it keeps every byte, the order of keys, big numbers and \u0000.
-- Tenant and stream name are repeated here so that reading the log needs no join.
create table runledger.event (
  gpos bigint primary key,
  stream_id bigint not null,
  revision bigint not null,
  event_id uuid not null,
  recorded_at timestamptz not null default clock_timestamp(),
  tenant text collate "C" not null,
  stream text collate "C" not null,
  type text collate "C" not null,
  correlation_id text collate "C" not null,
  data json not null,
  metadata json not null,
  unique (stream_id, revision),
  unique (stream_id, event_id)
);
create index event_correlation on runledger.event (correlation_id, gpos);

create table runledger.checkpoint (
  consumer text not null,
  version int not null,
  owner text not null,
  epoch bigint not null,                         -- raised by whoever takes the checkpoint over: fences the one before
  position bigint not null default 0,
  store_epoch uuid not null,
  updated_at timestamptz not null default now(),
  primary key (consumer, version)
);
