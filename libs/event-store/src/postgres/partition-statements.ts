import { inSchema } from './migrate.js';

const LEASES = 'unnest($1::text[], $2::int[], $3::int[], $4::bigint[]) u(consumer, version, partition, epoch)';

/** `$1` to `$4` are the columns of leases: consumers, versions, partitions, epochs. */
export function partitionStatements(schema: string) {
  return {
    // The epoch of the checkpoint before the split is raised: a program that knows nothing of partitions is fenced off.
    prepare: inSchema(
      `with whole as (
         update runledger.checkpoint c set epoch = c.epoch + 1, updated_at = now()
          where c.consumer = $1 and c.version = $2 and not exists
            (select from runledger.partition_checkpoint p where p.consumer = $1 and p.version = $2)
         returning c.position, c.store_epoch)
       insert into runledger.partition_checkpoint (consumer, version, partition, position, store_epoch)
       select $1, $2, n, coalesce(w.position, 0), coalesce(w.store_epoch, $4::uuid, s.epoch)
         from generate_series(0, $3 - 1) n cross join runledger.store s left join whole w on true
       on conflict do nothing`,
      schema,
    ),
    farthest: inSchema(
      `select max(p.position) as position, (select g.last_value from runledger.gpos g) as given,
              bool_and(p.store_epoch = coalesce($3::uuid, s.epoch)) as same_log
         from runledger.partition_checkpoint p cross join runledger.store s where p.consumer = $1 and p.version = $2`,
      schema,
    ),
    heartbeat: inSchema('select * from runledger.heartbeat($1, $2, $3, $4, $5, $6)', schema),
    // Locked in one order, so that no two writers wait for each other; then all of them are moved, or none. As for a whole
    // checkpoint the position is compared too: a lease that was moved before, or rolled back, does not move it.
    // Nobody waits for the disk: a database that dies may lose the last moves, with the rows of the same transactions, and the
    // events come again (P1, R1). What is appended is always on disk, and with it every move before it.
    advance: inSchema(
      `with move as (
         select * from unnest($1::text[], $2::int[], $3::int[], $4::bigint[], $5::bigint[], $6::bigint[])
           u(consumer, version, partition, epoch, since, upto)),
       mine as (
         select p.consumer, p.version, p.partition from runledger.partition_checkpoint p
           join move m using (consumer, version, partition)
          where p.epoch = m.epoch and p.position = m.since
          order by p.consumer, p.version, p.partition for update of p),
       moved as (
         update runledger.partition_checkpoint p set position = m.upto, updated_at = now() from move m
          where p.consumer = m.consumer and p.version = m.version and p.partition = m.partition
            and (select count(*) from mine) = (select count(*) from move))
       select mine.*, set_config('synchronous_commit', 'off', true) from mine`,
      schema,
    ),
    read: inSchema(
      `select p.partition, p.position, p.epoch, m.id as owner
         from runledger.partition_checkpoint p
         left join runledger.member m on m.id = p.owner and m.expires_at > clock_timestamp()
        where p.consumer = $1 and p.version = $2 order by p.partition`,
      schema,
    ),
    release: inSchema(
      `update runledger.partition_checkpoint p set owner = null from ${LEASES}
        where p.consumer = u.consumer and p.version = u.version and p.partition = u.partition and p.epoch = u.epoch`,
      schema,
    ),
    leave: inSchema('delete from runledger.member where id = $1', schema),
  };
}
