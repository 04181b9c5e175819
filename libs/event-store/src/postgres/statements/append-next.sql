-- One append to a stream that is where the writer expects it, without the cost of the general statement.
-- $1 tenant, $2 name, $3 expected revision, $4 number of events; then one array per column. No row: not as expected.
-- W1 to W5 of 0002-append.sql, in that order because each step reads the rows of the one before.
-- An id that is in the stream already violates a unique index; then runledger.append judges. One row per event, in their order.
with ours as (
  update runledger.stream s set revision = s.revision + $4::int
   where s.tenant = $1::text and s.name = $2::text and s.revision = $3::bigint and s.state = 'A'
  returning s.id
),
--{{append-events}}
