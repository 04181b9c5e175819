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
-- Needs READ COMMITTED (a snapshot per statement), which both functions insist on. Never call `settled` on a standby:
-- locks are not replicated.

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

-- One row per append, in the order given. Appends of one call are for different streams, sorted by (tenant, name), so that
-- two calls lock rows in the same order. expected: >= 0 exact, -1 no-stream, -2 any, -4 exists.
-- `appends` and `places` say for each event which append it belongs to (from 1) and at which place in it (from 1).
-- status: appended | duplicate | conflict | deleted | reused (some of the ids are in the stream already).
create function runledger.append(
  tenants text[], names text[], expected bigint[], counts int[],
  appends int[], places int[], ids uuid[], types text[], correlations text[], data json[], metadata json[],
  serialize boolean
) returns table (status text, revision bigint, gpos bigint)
language plpgsql volatile as $$
#variable_conflict use_column
declare
  s runledger.stream;
  head bigint;                 -- last revision that the caller can see: -1 for a soft-deleted stream
  fits boolean;
  known int;                   -- how many of the append's ids are in the stream
  top_revision bigint;
  top_gpos bigint;
  own uuid[];
  first int := 1;
  stream_ids bigint[] := '{}'; -- 0: this append stores nothing
  bases bigint[] := '{}';
  statuses text[] := '{}';
  revisions bigint[] := '{}';
  positions bigint[] := '{}';
  verdict text;
  writes boolean := false;
begin
  perform runledger.require_read_committed();
  for a in 1 .. cardinality(names) loop
    -- W1
    s := null;
    if expected[a] = -1 and counts[a] > 0 then
      insert into runledger.stream (tenant, name) values (tenants[a], names[a]) on conflict do nothing returning * into s;
    end if;
    if s.id is null then
      select * into s from runledger.stream t where t.tenant = tenants[a] and t.name = names[a] for update;
    end if;
    if s.id is null and expected[a] = -2 and counts[a] > 0 then
      insert into runledger.stream (tenant, name) values (tenants[a], names[a]) on conflict do nothing returning * into s;
      if s.id is null then
        select * into s from runledger.stream t where t.tenant = tenants[a] and t.name = names[a] for update;
      end if;
    end if;
    s.revision := coalesce(s.revision, -1);
    -- W2
    head := case when s.state = 'D' then -1 else s.revision end;
    fits := case expected[a] when -2 then true when -4 then head >= 0 when -1 then head = -1
            else expected[a] = s.revision end;
    known := 0;
    if s.revision >= 0 and counts[a] > 0 then
      own := ids[first : first + counts[a] - 1];
      select count(*), max(e.revision), max(e.gpos) into known, top_revision, top_gpos
        from runledger.event e where e.stream_id = s.id and e.event_id = any(own);
    end if;
    verdict := case
      when s.state = 'T' then 'deleted'
      when known = 0 then case when fits then 'appended' else 'conflict' end
      when known = counts[a] and (fits or expected[a] <= -2) then 'duplicate'
      when fits then 'reused'
      when known = counts[a] and (
        runledger.lie_in_order(s.id, own, greatest(expected[a], -1) + 1)
        or expected[a] = -1 and runledger.lie_in_order(s.id, own, s.truncate_before)) then 'duplicate'
      else 'conflict' end;
    statuses[a] := verdict;
    revisions[a] := case verdict when 'duplicate' then top_revision when 'conflict' then head else s.revision end;
    positions[a] := case verdict when 'duplicate' then top_gpos else 0 end;
    bases[a] := s.revision;
    stream_ids[a] := case when verdict = 'appended' and counts[a] > 0 then s.id else 0 end;
    writes := writes or stream_ids[a] > 0;
    first := first + counts[a];
  end loop;
  if not writes then
    return query select o.status, o.revision, o.gpos from unnest(statuses, revisions, positions) o(status, revision, gpos);
    return;
  end if;
  if serialize then
    perform pg_advisory_xact_lock(runledger.bound_tag() + (1::bigint << 47));
  end if;
  -- W3
  perform pg_advisory_xact_lock_shared(
    runledger.bound_tag() | (select case when g.is_called then g.last_value else g.last_value - 1 end from runledger.gpos g));
  -- W4, W5; `nextval` is called in the order of the events
  return query
  with stored as (
    insert into runledger.event
      (gpos, stream_id, revision, event_id, tenant, stream, type, correlation_id, data, metadata)
    select nextval('runledger.gpos'), stream_ids[e.append], bases[e.append] + e.place, e.id,
           tenants[e.append], names[e.append], e.type, e.correlation, e.data, e.metadata
      from (select * from unnest(appends, places, ids, types, correlations, data, metadata) with ordinality
              u(append, place, id, type, correlation, data, metadata, o)
             where stream_ids[u.append] > 0 order by o) e
    returning event.stream_id, event.revision, event.gpos
  ), tops as materialized (
    select t.stream_id, max(t.revision) as revision, max(t.gpos) as gpos from stored t group by t.stream_id
  ), bumped as (
    update runledger.stream t
       set revision = tops.revision,
           truncate_before = case when t.state = 'D' then t.revision + 1 else t.truncate_before end,
           state = 'A'
      from tops where t.id = tops.stream_id
  )
  select o.status, coalesce(tops.revision, o.revision), coalesce(tops.gpos, o.gpos)
    from unnest(statuses, revisions, positions, stream_ids) with ordinality o(status, revision, gpos, stream_id, a)
    left join tops on tops.stream_id = o.stream_id
   order by o.a;
end $$;

-- True when these ids are the events of the stream from revision `base` on, in this order.
create function runledger.lie_in_order(stream bigint, ids uuid[], base bigint) returns boolean
language sql stable
return (select count(*) = cardinality(ids)
          from unnest(ids) with ordinality u(id, o)
          join runledger.event e on e.stream_id = lie_in_order.stream and e.event_id = u.id and e.revision = base + u.o - 1);

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
