-- One append that begins its stream: as append-next.sql, with -1 for $3. No row: there is such a stream, or was.
with ours as (
  insert into runledger.stream as s (tenant, name, revision) values ($1::text, $2::text, $4::int - 1)
  on conflict do nothing
  returning s.id
),
--{{append-events}}
