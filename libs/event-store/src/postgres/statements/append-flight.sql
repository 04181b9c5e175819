-- Many appends to different streams, each to a stream that is where its writer expects it. $1 to $4 hold one element per
-- append, sorted by (tenant, name): tenant, name, expected (>= 0 exact, -1 no-stream, -2 any, -4 exists) and number of
-- events. $5 on hold one element per event; $10 and $11 say which append it belongs to and at which place, from 1.
-- One row: the appends that were stored, each as `number:revision before`; the positions of their events, in the order in which
-- they were sent; and when. The other appends are not as expected (or need judging): runledger.append says what they are.
-- W1 to W5 of 0002-append.sql, in that order because each step reads what the one before has found: the streams are locked one
-- after the other in the order in which they were sent, the bound is published when all of them are, and no event gets a
-- position before its stream was looked up in it. A stream that somebody else is making fails the whole flight.
-- What was found is kept in arrays: joined to the streams, each event would be compared with each of them.
with ours as (
  merge into runledger.stream as s
  using unnest($1::text[], $2::text[], $3::bigint[], $4::int[]) with ordinality w(tenant, name, expected, size, a)
     on s.tenant = w.tenant and s.name = w.name
   when matched and s.state = 'A' and (s.revision = w.expected or w.expected = -2 or w.expected = -4 and s.revision >= 0)
        then update set revision = s.revision + w.size
   when not matched and w.expected = -1
        then insert (tenant, name, revision) values (w.tenant, w.name, w.size - 1)
  returning w.a::int as a, s.id, s.revision - w.size as base
), bound as materialized (
  select o.*, clock_timestamp() as at, pg_advisory_xact_lock_shared(runledger.bound_tag()
    | (select case when g.is_called then g.last_value else g.last_value - 1 end from runledger.gpos g))
    from (select array_agg(a) as numbers, array_agg(id) as ids, array_agg(base) as bases from ours) o
   where o.numbers is not null
), stored as (
  insert into runledger.event
    (gpos, stream_id, revision, event_id, recorded_at, tenant, stream, type, correlation_id, data, metadata)
  select nextval('runledger.gpos'), (select b.ids from bound b)[e.nth], (select b.bases from bound b)[e.nth] + e.place,
         e.event_id, (select b.at from bound b), ($1::text[])[e.append], ($2::text[])[e.append],
         e.type, e.correlation, e.data, e.metadata
    from (select array_position((select b.numbers from bound b), u.append) as nth, u.*
            from unnest($5::uuid[], $6::text[], $7::text[], $8::json[], $9::json[], $10::int[], $11::int[]) with ordinality
                   u(event_id, type, correlation, data, metadata, append, place, k)
           order by k offset 0) e
   where e.nth is not null
  returning event.gpos
)
select (select string_agg(u.a || ':' || u.base, ',') from bound b, unnest(b.numbers, b.bases) u(a, base)),
       (select string_agg(s.gpos::text, ',' order by s.gpos) from stored s),
       (select b.at from bound b)
