-- One append of a few events with one correlation and one metadata, without the cost of the other statements: arrays have to be
-- unnested and sorted. $1 tenant, $2 name, $3 expected revision (-1 to begin the stream), $4 correlation, $5 metadata; then id,
-- type and data of each event. No row: not as expected. One row per event, in their order.
-- W1 to W5 of 0002-append.sql, in that order because each step reads the row of the one before: what `ours` returns, the bound
-- among it, is worked out when the stream's row is locked and fits, and before any event gets a position.
with ours as (
  --{{stream}}
  returning s.id, clock_timestamp() as at, pg_advisory_xact_lock_shared(runledger.bound_tag()
    | (select case when g.is_called then g.last_value else g.last_value - 1 end from runledger.gpos g))
)
insert into runledger.event
  (gpos, stream_id, revision, event_id, recorded_at, tenant, stream, type, correlation_id, data, metadata)
select nextval('runledger.gpos'), e.stream_id, $3::bigint + e.place, e.id, e.at, $1, $2, e.type, $4::text, e.data, $5::json
  from (select ours.id as stream_id, ours.at, v.*
          from ours cross join (values --{{events}}
               ) v(place, id, type, data)
         order by v.place) e
returning event.gpos, event.recorded_at
