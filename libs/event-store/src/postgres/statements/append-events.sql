bound as materialized (
  select ours.id, clock_timestamp() as at, pg_advisory_xact_lock_shared(runledger.bound_tag()
    | (select case when g.is_called then g.last_value else g.last_value - 1 end from runledger.gpos g)) from ours
)
insert into runledger.event
  (gpos, stream_id, revision, event_id, recorded_at, tenant, stream, type, correlation_id, data, metadata)
select nextval('runledger.gpos'), e.stream_id, $3::bigint + e.place, e.id, e.at, $1, $2, e.type, e.correlation, e.data,
       e.metadata
  from (select bound.id as stream_id, bound.at, u.*
          from bound, unnest($5::uuid[], $6::text[], $7::text[], $8::json[], $9::json[]) with ordinality
                 u(id, type, correlation, data, metadata, place)
         order by place) e
returning event.gpos, event.recorded_at
