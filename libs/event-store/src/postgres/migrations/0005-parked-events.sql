-- Events that a consumer could not deal with, and those of the same key behind them. Each is written before the checkpoint
-- passes it, by who has the lease of its partition; people ask for another try or discard it by the functions below.

create table runledger.parked_event (
  consumer text not null,
  version int not null,
  gpos bigint not null,
  partition int not null,
  key text not null,
  state text not null check (state in ('parked', 'waiting', 'discarded')),
  tenant text collate "C" not null,
  correlation_id text collate "C" not null,
  event_id uuid not null,
  type text not null,
  event json not null,                           -- as it came, so that another try does not depend on how it came
  attempts int not null default 0,
  error_code text,
  error_message text,
  first_failed_at timestamptz,
  last_failed_at timestamptz,
  parked_at timestamptz not null default now(),
  retry_requested_at timestamptz,
  retry_requested_by text,
  discarded_at timestamptz,
  discarded_by text,
  discard_reason text,
  primary key (consumer, version, gpos)
);
create index parked_event_queue on runledger.parked_event (consumer, version, partition, key, gpos) where state <> 'discarded';
create index parked_event_tenant on runledger.parked_event (tenant, correlation_id);

-- Asks for another try of the queue that this event is in. Run as the owner: who asks is not the service whose consumer it is.
create function runledger.request_parked_retry(consumer text, version int, gpos bigint, tenant text, by text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_variable
declare
  asked runledger.parked_event;
begin
  select * into asked from runledger.parked_event e
   where e.consumer = consumer and e.version = version and e.gpos = gpos and e.state <> 'discarded'
     and (tenant is null or e.tenant = tenant);
  update runledger.parked_event e set retry_requested_at = now(), retry_requested_by = by
   where e.consumer = asked.consumer and e.version = asked.version and e.gpos =
     (select min(q.gpos) from runledger.parked_event q
       where q.consumer = asked.consumer and q.version = asked.version and q.partition = asked.partition
         and q.key = asked.key and q.state <> 'discarded');
end $$;

-- Gives the event up for good; the next one of its queue is tried.
create function runledger.discard_parked(consumer text, version int, gpos bigint, tenant text, by text, reason text)
returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_variable
declare
  given_up runledger.parked_event;
begin
  update runledger.parked_event e
     set state = 'discarded', discarded_at = now(), discarded_by = by, discard_reason = reason,
         retry_requested_at = null, retry_requested_by = null
   where e.consumer = consumer and e.version = version and e.gpos = gpos and e.state <> 'discarded'
     and (tenant is null or e.tenant = tenant)
  returning * into given_up;
  update runledger.parked_event e set retry_requested_at = now(), retry_requested_by = by
   where e.consumer = given_up.consumer and e.version = given_up.version and e.state = 'waiting' and e.gpos =
     (select min(q.gpos) from runledger.parked_event q
       where q.consumer = given_up.consumer and q.version = given_up.version and q.partition = given_up.partition
         and q.key = given_up.key and q.state <> 'discarded');
end $$;
