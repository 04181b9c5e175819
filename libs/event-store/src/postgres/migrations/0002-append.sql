-- Appending and reading in one order for all readers (E2), without making writers wait for each other.
--
-- The proof, in the words used below. A writer, in this order and inside one transaction:
--   W1 locks its stream rows   W2 decides   W3 publishes a bound: "whatever position I take is greater than lb"
--   W4 takes positions (nextval)   W5 inserts   W6 commits; only after that PostgreSQL lets go of the bound
-- A reader (`settled`), each step a statement of its own with its own snapshot:
--   R1 reads the last position given out, L   R2 reads the lowest bound still published, m   R3 reads events up to least(L, m)
-- A writer with a position p <= L took it before R1, so it published before R1. At R2 its bound is either still there, and
-- then least(L, m) < p; or gone, and then its rows are visible to R3, or it rolled back. Hence nothing at or below
-- least(L, m) can appear later. Positions of one stream grow with its revisions because W4 happens under W1.
-- Readers need READ COMMITTED (a snapshot per statement) and insist on it. Never call `settled` on a standby: locks are not
-- replicated.
--
-- Writers come on two ways that keep the same order: one statement for many appends that are right about their streams
-- (statements/append-flight.sql), and `append`, below, which judges a single one.

-- Upper 16 bits of the advisory locks that carry bounds: differs between stores of one database.
create function runledger.bound_tag() returns bigint
language sql immutable parallel safe
return (16384 | (('runledger.gpos'::regclass)::oid::bigint & 16383)) << 48;

create function runledger.require_read_committed() returns void language plpgsql as $$
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'the event store needs READ COMMITTED, not %', current_setting('transaction_isolation')
      using errcode = 'feature_not_supported', hint = 'remove default_transaction_isolation from the role or database';
  end if;
end $$;

-- The store's one lock in serialized mode: writers wait for each other's commit.
create function runledger.serial_lock() returns bigint language sql immutable parallel safe
return runledger.bound_tag() + (1::bigint << 47);

-- The event of a stream with this id. The order makes sure that it is looked up by id, however long the stream is.
create function runledger.find_event(stream bigint, id uuid) returns table (revision bigint, gpos bigint)
language sql stable
begin atomic
  select e.revision, e.gpos
    from (select * from runledger.event e where e.stream_id = find_event.stream and e.event_id >= find_event.id
           order by e.stream_id, e.event_id limit 1) e
   where e.event_id = find_event.id;
end;

-- True when these ids are the events of the stream from revision `base` on, in this order.
create function runledger.lie_in_order(stream bigint, ids uuid[], base bigint) returns boolean
language sql stable
return (select count(*) = cardinality(ids)
          from unnest(ids) with ordinality u(id, o) cross join lateral runledger.find_event(lie_in_order.stream, u.id) e
         where e.revision = base + u.o - 1);

-- One append, judged. expected: >= 0 exact, -1 no-stream, -2 any, -4 exists.
-- status: appended | duplicate | conflict | deleted | reused (some of the ids are in the stream already, not all).
-- revision and gpos: of the append's last event; for a conflict, revision is the stream's.
create function runledger.append(
  tenant text, name text, expected bigint,
  ids uuid[], types text[], correlations text[], data json[], metadata json[], serialize boolean
) returns table (status text, revision bigint, gpos bigint)
language plpgsql volatile as $$
#variable_conflict use_column
declare
  s runledger.stream;
  size constant int := cardinality(ids);
  head bigint;        -- last revision that the caller can see: -1 for a soft-deleted stream
  fits boolean;
  known int;          -- how many of the ids are in the stream
  last_known bigint;
  last_gpos bigint;
begin
  perform runledger.require_read_committed();
  -- W1
  select * into s from runledger.stream t where t.tenant = append.tenant and t.name = append.name for update;
  if s.id is null and expected in (-1, -2) and size > 0 then
    insert into runledger.stream (tenant, name) values (append.tenant, append.name) on conflict do nothing;
    select * into s from runledger.stream t where t.tenant = append.tenant and t.name = append.name for update;
  end if;
  s.revision := coalesce(s.revision, -1);
  head := case when s.state = 'D' then -1 else s.revision end;
  fits := case expected when -2 then true when -4 then head >= 0 when -1 then head = -1 else expected = s.revision end;
  -- W2
  select count(*), max(e.revision), max(e.gpos) into known, last_known, last_gpos
    from unnest(ids) i(id) cross join lateral runledger.find_event(s.id, i.id) e;
  if s.state = 'T' then
    return query select 'deleted', s.revision, 0::bigint;
  elsif known > 0 and known = size and (fits or expected <= -2
      or runledger.lie_in_order(s.id, ids, expected + 1)
      or expected = -1 and runledger.lie_in_order(s.id, ids, s.truncate_before)) then
    return query select 'duplicate', last_known, last_gpos;
  elsif not fits then
    return query select 'conflict', head, 0::bigint;
  elsif known > 0 then
    return query select 'reused', head, 0::bigint;
  elsif size = 0 then
    return query select 'appended', head, 0::bigint;
  else
    if serialize then
      perform pg_advisory_xact_lock(runledger.serial_lock());
    end if;
    -- W3
    perform pg_advisory_xact_lock_shared(runledger.bound_tag()
    | (select case when g.is_called then g.last_value else g.last_value - 1 end from runledger.gpos g));
    -- W4, W5; `nextval` is called in the order of the events
    insert into runledger.event (gpos, stream_id, revision, event_id, tenant, stream, type, correlation_id, data, metadata)
    select nextval('runledger.gpos'), s.id, s.revision + e.place, e.id, append.tenant, append.name,
           e.type, e.correlation, e.data, e.metadata
      from (select * from unnest(ids, types, correlations, data, metadata) with ordinality
              u(id, type, correlation, data, metadata, place) order by place) e;
    update runledger.stream t
       set revision = s.revision + size, state = 'A',
           truncate_before = case when s.state = 'D' then s.revision + 1 else s.truncate_before end
     where t.id = s.id;
    return query select 'appended', e.revision, e.gpos from runledger.event e
                  where e.stream_id = s.id and e.revision = s.revision + size;
  end if;
end $$;

-- Soft delete and tombstone; both idempotent. Same statuses and the same `expected` as append.
create function runledger.end_stream(tenant text, name text, expected bigint, for_ever boolean)
returns table (status text, revision bigint, gpos bigint)
language plpgsql volatile as $$
#variable_conflict use_column
declare
  s runledger.stream;
  wanted "char" := case when for_ever then 'T' else 'D' end;
  head bigint;
  fits boolean;
begin
  perform runledger.require_read_committed();
  if for_ever and expected in (-1, -2) then
    insert into runledger.stream (tenant, name) values (end_stream.tenant, end_stream.name) on conflict do nothing;
  end if;
  select * into s from runledger.stream t where t.tenant = end_stream.tenant and t.name = end_stream.name for update;
  s.revision := coalesce(s.revision, -1);
  head := case when s.state = 'D' then -1 else s.revision end;
  fits := case expected when -2 then true when -4 then head >= 0 when -1 then head = -1 else expected = s.revision end;
  if s.state = 'T' then
    return query select case when for_ever then 'appended' else 'deleted' end, s.revision, 0::bigint;
  elsif s.state = 'D' and not for_ever then
    return query select 'appended', -1::bigint, 0::bigint;
  elsif not fits then
    return query select 'conflict', head, 0::bigint;
  else
    -- A stream without events has nothing to hide: a soft delete leaves it as it is.
    update runledger.stream t set state = wanted where t.id = s.id and (for_ever or s.revision >= 0);
    return query select 'appended', case when for_ever then s.revision else -1 end, 0::bigint;
  end if;
end $$;

-- Nothing at or below this position can appear any more.
create function runledger.settled() returns bigint language plpgsql volatile as $$
declare
  given bigint;
  bound bigint;
begin
  perform runledger.require_read_committed();
  -- R1
  select case when g.is_called then g.last_value else g.last_value - 1 end into given from runledger.gpos g;
  -- R2
  select min(((l.classid::bigint & 65535) << 32) | l.objid::bigint) into bound
    from pg_locks l
   where l.locktype = 'advisory' and l.objsubid = 1 and l.mode = 'ShareLock'
     and l.classid::bigint >> 16 = runledger.bound_tag() >> 48
     and l.database = (select d.oid from pg_database d where d.datname = current_database());
  return least(given, coalesce(bound, given));
end $$;

-- Position of the last event that is settled; 0 for an empty log. Always the position of an existing event, never a mere
-- number of the sequence: a number that a rolled-back writer took may be given out again after a server crash.
create function runledger.head() returns bigint language plpgsql volatile as $$
declare
  upto bigint := runledger.settled();
  last bigint;
begin
  -- R3
  select max(e.gpos) into last from runledger.event e where e.gpos <= upto;
  return coalesce(last, 0);
end $$;
