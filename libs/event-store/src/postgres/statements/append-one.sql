-- One append to a stream that is where the writer expects it: the common case, without the cost of the general statement.
-- $1 tenant, $2 name, $3 expected revision (-1: no stream), $4 number of events; then one array per column. No row: not as expected.
-- W1 to W5 of 0002-append.sql, in that order because each step reads the rows of the one before.
-- An id that is in the stream already violates a unique index; then runledger.append judges. One row per event, in their order.
with moved as (
  update runledger.stream s set revision = s.revision + $4::int
   where s.tenant = $1::text and s.name = $2::text and s.revision = $3::bigint and s.state = 'A' and $3 >= 0
  returning s.id
), made as (
  insert into runledger.stream as s (tenant, name, revision) select $1, $2, $4 - 1 where $3 = -1
  on conflict do nothing
  returning s.id
), ours as (
  select id from moved union all select id from made
), bound as materialized (
  select ours.id, clock_timestamp() as at, pg_advisory_xact_lock_shared(runledger.bound_tag()
    | (select case when g.is_called then g.last_value else g.last_value - 1 end from runledger.gpos g)) from ours
)
insert into runledger.event
  (gpos, stream_id, revision, event_id, recorded_at, tenant, stream, type, correlation_id, data, metadata)
select nextval('runledger.gpos'), e.stream_id, $3 + e.place, e.id, e.at, $1, $2, e.type, e.correlation, e.data, e.metadata
  from (select bound.id as stream_id, bound.at, u.*
          from bound, unnest($5::uuid[], $6::text[], $7::text[], $8::json[], $9::json[]) with ordinality
                 u(id, type, correlation, data, metadata, place)
         order by place) e
returning event.gpos, event.recorded_at
