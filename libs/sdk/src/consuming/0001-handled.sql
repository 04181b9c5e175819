-- What consumers have done, noted in the transaction that did it.

-- An event that a consumer has handled. Kept until its checkpoint is well past it.
create table runledger_sdk.handled (
  consumer text not null,
  gpos bigint not null,
  partition int not null,
  handled_at timestamptz not null default now(),
  primary key (consumer, gpos)
);
create index handled_at on runledger_sdk.handled (consumer, handled_at);

-- A person whom a consumer has forgotten.
create table runledger_sdk.forgotten (
  consumer text not null,
  workspace text not null,
  subject text not null,
  forgotten_at timestamptz not null default now(),
  primary key (consumer, workspace, subject)
);
