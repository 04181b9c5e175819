-- The heartbeat of 0004 on a server whose clock was set back, or that was replaced by one whose clock is behind.
--
-- L4 No heartbeat lasts longer than five minutes. So a member that ends later than that said so before the clock was set back, and
--    is found dead, as if it had run out: what a process had that died without a word would be nobody's until the clock has caught
--    up. One that lives is in the same place until its next heartbeat, which is a second away, and joins anew (L1).
-- One heartbeat for everything that a process runs. No row: the member was found dead. Otherwise at least one row per
-- consumer, with a null partition when the member has none of it.
create or replace function runledger.heartbeat(
  me text, ttl_ms int, names text[], versions int[], seize boolean[], joining boolean
) returns table (
  consumer text, version int, members int, share int, partition int, epoch bigint, "position" bigint
) language plpgsql volatile as $$
#variable_conflict use_column
declare
  keys constant text[] := array(select u.n || '@' || u.v from unnest(names, versions) with ordinality u(n, v, o) order by u.o);
  lasts constant interval := ttl_ms * interval '1 millisecond';
  own runledger.member;
  alive int;
  earlier int;
  parts int;
  held int;
  fair int;
begin
  -- L1
  if joining then
    insert into runledger.member (id, consumers, expires_at) values (me, keys, clock_timestamp() + lasts)
    on conflict (id) do update set consumers = excluded.consumers, expires_at = excluded.expires_at
    returning * into own;
  else
    update runledger.member m set consumers = keys, expires_at = clock_timestamp() + lasts where m.id = me
    returning * into own;
    if own.id is null then return; end if;
  end if;
  -- Who is locked is just saying that it lives. Nobody lasts longer than five minutes (L4).
  delete from runledger.member m where m.id in
    (select d.id from runledger.member d
      where d.expires_at < clock_timestamp() or d.expires_at > clock_timestamp() + interval '5 minutes'
        for update skip locked);
  for n in 1 .. cardinality(keys) loop
    select count(*), count(*) filter (where (m.joined_at, m.id) < (own.joined_at, own.id)) into alive, earlier
      from runledger.member m where m.consumers @> array[keys[n]];
    select count(*), count(*) filter (where p.owner = me) into parts, held
      from runledger.partition_checkpoint p where p.consumer = names[n] and p.version = versions[n];
    -- Who came first has one more when it does not come out even.
    fair := parts / alive + case when earlier < parts % alive then 1 else 0 end;
    if seize[n] then
      perform pg_advisory_xact_lock(hashtextextended('runledger.partition_checkpoint', 18003));  -- L3
      update runledger.partition_checkpoint p set owner = me, epoch = p.epoch + 1, updated_at = now()  -- L2
       where p.consumer = names[n] and p.version = versions[n] and p.owner is distinct from me;
    elsif held < fair then
      perform pg_advisory_xact_lock(hashtextextended('runledger.partition_checkpoint', 18003));  -- L3
      -- As a CTE, because a sub-query may be run again for each row and would then find others free.
      with free as materialized (
        select f.partition from runledger.partition_checkpoint f
         where f.consumer = names[n] and f.version = versions[n]
           and not exists (select from runledger.member m where m.id = f.owner)
         order by f.partition limit fair - held for update skip locked)
      update runledger.partition_checkpoint p set owner = me, epoch = p.epoch + 1, updated_at = now()  -- L2
        from free where p.consumer = names[n] and p.version = versions[n] and p.partition = free.partition;
    end if;
    return query
      select names[n], versions[n], alive, fair, p.partition, p.epoch, p.position
        from (select) one left join runledger.partition_checkpoint p
          on p.consumer = names[n] and p.version = versions[n] and p.owner = me;
  end loop;
end $$;
