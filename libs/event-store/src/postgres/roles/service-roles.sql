-- A database role per service (E3). Whoever owns the tables (the migrating role, and the only role of a small installation)
-- writes them with the statements as they are and pays nothing for this. A service's role may read the log, but has no
-- right to write a table of it: it appends through the functions below, which run as their owner and look first whose
-- streams these are. May be run again at any time; the bodies are the statements of this version of the program.

create table if not exists runledger.service_role (
  service text primary key,
  role name not null unique
);
-- One service per category (E3). A category that is missing here is nobody's.
create table if not exists runledger.stream_writer (
  category text collate "C" primary key,
  service text not null references runledger.service_role on delete cascade
);
-- Whose checkpoints these are: consumers whose names begin so.
create table if not exists runledger.consumer_owner (
  prefix text collate "C" primary key,
  service text not null references runledger.service_role on delete cascade
);

-- session_user: inside these functions, current_user is their owner. Members of a service's role count as the service, so
-- that a password can be changed by way of a second login.
create or replace function runledger.require_writer(streams text[]) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  foreign_stream text;
begin
  select s into foreign_stream from unnest(streams) s
   where not exists (select from runledger.stream_writer w join runledger.service_role r using (service)
                      where w.category = split_part(s, '-', 1) and pg_has_role(session_user, r.role, 'member'))
   limit 1;
  if found then
    raise exception 'role % may not write stream %', session_user, foreign_stream
      using errcode = 'RL001', schema = session_user, table = foreign_stream;
  end if;
end $$;

-- What these two answer has changed between versions of the program.
drop function if exists runledger.service_append_one(text, text, bigint, int, uuid[], text[], text[], json[], json[]);
drop function if exists runledger.service_append_flight(
  text[], text[], bigint[], int[], uuid[], text[], text[], json[], json[], int[], int[]
);
create or replace function runledger.service_append_one(
  text, text, bigint, int, uuid[], text[], text[], json[], json[]
) returns table (event_gpos bigint, stored_at timestamptz)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
  perform runledger.require_writer(array[$2]);
  if $3 = -1 then
    return query
    --{{append-first}}
    ;
  else
    return query
    --{{append-next}}
    ;
  end if;
end $$;

create or replace function runledger.service_append_flight(
  text[], text[], bigint[], int[], uuid[], text[], text[], json[], json[], int[], int[]
) returns table (stored_appends text, event_gpos text, stored_at timestamptz)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
  perform runledger.require_writer($2);
  return query
  --{{append-flight}}
  ;
end $$;

create or replace function runledger.service_append(
  text, text, bigint, uuid[], text[], text[], json[], json[], boolean
) returns table (status text, revision bigint, gpos bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform runledger.require_writer(array[$2]);
  return query select * from runledger.append($1, $2, $3, $4, $5, $6, $7, $8, $9);
end $$;

create or replace function runledger.service_end_stream(text, text, bigint, boolean)
returns table (status text, revision bigint, gpos bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform runledger.require_writer(array[$2]);
  return query select * from runledger.end_stream($1, $2, $3, $4);
end $$;

-- Checkpoints and what else is kept per consumer: everyone may read them, only the consumer's service may move them.
create or replace function runledger.owns_consumer(consumer text) returns boolean
language sql stable parallel safe
return exists (select from runledger.consumer_owner o join runledger.service_role r using (service)
                where starts_with(owns_consumer.consumer, o.prefix) and pg_has_role(current_user, r.role, 'member'));
