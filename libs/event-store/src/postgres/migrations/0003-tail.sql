-- The head of the log and what lies between `after` and it, in one round trip: what the shared tail of a process asks again
-- and again. The steps R1 to R3 of 0002 are statements of their own, here as there: a volatile function takes a new snapshot
-- for each. Without events there is one row that names head and last position given out, and no event.
create function runledger.tail(after bigint, most int) returns table (
  gpos bigint, event_id uuid, type text, data json, metadata json, tenant text, stream text, revision bigint,
  recorded_at timestamptz, head bigint, given bigint
) language plpgsql volatile as $$
#variable_conflict use_column
declare
  upto bigint := runledger.head();  -- R1, R2, R3
  last_given bigint;
begin
  select g.last_value into last_given from runledger.gpos g;
  return query
    select e.gpos, e.event_id, e.type, e.data, e.metadata, e.tenant, e.stream, e.revision, e.recorded_at, upto, last_given
      from runledger.event e where e.gpos > tail.after and e.gpos <= upto order by e.gpos limit most;
  if not found then
    return query select null::bigint, null::uuid, null, null::json, null::json, null, null, null::bigint,
                        null::timestamptz, upto, last_given;
  end if;
end $$;
