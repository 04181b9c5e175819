-- Many appends to different streams, each to a stream that is where its writer expects it. $1 to $4 hold one element per
-- append, sorted by (tenant, name): tenant, name, expected (>= 0 exact, -1 no-stream, -2 any, -4 exists) and number of
-- events. $5 on hold one element per event; $10 and $11 say which append it belongs to and at which place, from 1.
-- One row: the appends that were stored, each as `number:revision before`; the positions of their events, in the order in which
-- they were sent; and when. The other appends are not as expected (or need judging): runledger.append says what they are.
-- W1 to W5 of 0002-append.sql, in that order because each step reads the rows of the one before.
with want as materialized (
  select * from unnest($1::text[], $2::text[], $3::bigint[], $4::int[]) with ordinality w(tenant, name, expected, size, a)
), moved as (
  update runledger.stream s set revision = s.revision + w.size
    from want w
   where s.tenant = w.tenant and s.name = w.name and s.state = 'A'
     and (s.revision = w.expected or w.expected = -2 or w.expected = -4 and s.revision >= 0)
  returning w.a, s.id, s.revision - w.size as base, w.tenant, w.name
), made as (
  insert into runledger.stream as s (tenant, name, revision)
  select w.tenant, w.name, w.size - 1 from want w where w.expected = -1
  on conflict do nothing
  returning s.id, s.tenant, s.name
), ours as materialized (
  select * from moved
  union all
  select w.a, m.id, -1, m.tenant, m.name from made m join want w using (tenant, name)
), bound as materialized (
  select clock_timestamp() as at, pg_advisory_xact_lock_shared(runledger.bound_tag()
    | (select case when g.is_called then g.last_value else g.last_value - 1 end from runledger.gpos g)) from (select count(*) as streams from ours) o where o.streams > 0
), stored as (
  insert into runledger.event
    (gpos, stream_id, revision, event_id, recorded_at, tenant, stream, type, correlation_id, data, metadata)
  select nextval('runledger.gpos'), e.stream_id, e.base + e.place, e.event_id, e.at, e.tenant, e.name,
         e.type, e.correlation, e.data, e.metadata
    from (select bound.at, o.id as stream_id, o.base, o.tenant, o.name, u.*
            from bound, ours o
            join unnest($5::uuid[], $6::text[], $7::text[], $8::json[], $9::json[], $10::int[], $11::int[]) with ordinality
                   u(event_id, type, correlation, data, metadata, append, place, k) on u.append = o.a
           order by k) e
  returning event.gpos
)
select (select string_agg(o.a || ':' || o.base, ',') from ours o),
       (select string_agg(s.gpos::text, ',' order by s.gpos) from stored s),
       (select b.at from bound b)
