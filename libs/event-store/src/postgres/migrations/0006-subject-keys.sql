-- The keys under which personal fields of events are sealed, one for each person. Not part of the log: without its key what was
-- sealed cannot be read by anybody, and the bytes of the log stay what they are.

create table runledger.subject_key (
  workspace text collate "C" not null,
  subject text collate "C" not null,
  key bytea,                                     -- null: destroyed, for ever
  made_at timestamptz not null default now(),
  erased_at timestamptz,
  primary key (workspace, subject)
);
