import { storableText } from '@runledger/kernel';
import type { Projection, Recorded } from '@runledger/projections';
import type { EntityManager } from 'typeorm';
import { endingOf, entryIdOf, entryOf, transcriptEvents, type TranscriptEvent } from './transcript-entries.js';

type Stored = Recorded<TranscriptEvent>;

const BEGIN = `
  INSERT INTO transcript_entries (workspace_id, run_id, entry_id, seq, step, attempt, entry)
  SELECT workspace_id, run_id, entry_id, seq, step, attempt, entry
  FROM json_to_recordset($1::json) AS r (
    workspace_id text, run_id text, entry_id text, seq bigint, step text, attempt int, entry json)
  ON CONFLICT DO NOTHING`;

const GO_ON = `
  INSERT INTO transcript_pieces (workspace_id, run_id, entry_id, position, text)
  SELECT workspace_id, run_id, entry_id, position, text
  FROM json_to_recordset($1::json) AS r (workspace_id text, run_id text, entry_id text, position bigint, text text)
  ON CONFLICT DO NOTHING`;

const END = `
  UPDATE transcript_entries e SET ending = r.ending, ended_at = r.ended_at
  FROM json_to_recordset($1::json) AS r (workspace_id text, run_id text, entry_id text, ending json, ended_at bigint)
  WHERE e.workspace_id = r.workspace_id AND e.run_id = r.run_id AND e.entry_id = r.entry_id`;

/**
 * What attempts did, for reading page by page. Text that arrives bit by bit is kept bit by bit, so that a long output is
 * not written again with each piece; reading joins the pieces.
 */
export const transcriptProjection: Projection = {
  name: 'transcript',
  version: 3,
  // The correlation id is part of every key.
  partitioned: true,
  types: transcriptEvents.map(event => event.type),
  tables: ['transcript_entries', 'transcript_pieces'],
  apply: async (events, rows) => {
    const own = events as readonly Stored[];
    await write(rows, BEGIN, own.flatMap(beginning));
    await write(rows, GO_ON, own.flatMap(piece));
    await write(rows, END, own.flatMap(ending));
  },
};

async function write(rows: EntityManager, statement: string, records: readonly object[]): Promise<void> {
  if (records.length > 0) await rows.query(statement, [storableJson(records)]);
}

/** PostgreSQL's text holds neither NUL nor lone surrogates; agents print both. The log keeps the original. */
function storableJson(records: readonly object[]): string {
  const text = JSON.stringify(records);
  if (!/\\u(0000|d[89a-f])/i.test(text)) return text;
  return JSON.stringify(records, (_key, value: unknown) => (typeof value === 'string' ? storableText(value) : value));
}

function keyOf(event: Stored): { workspace_id: string; run_id: string; entry_id: string } {
  return { workspace_id: event.tenant, run_id: event.metadata.correlationId, entry_id: entryIdOf(event) };
}

function beginning(event: Stored): object[] {
  const seq = event.position.toString();
  const entry = entryOf(event, seq);
  if (!entry) return [];
  const { step, attempt } = event.data;
  // The first text is a piece like those that follow.
  const header = 'text' in entry ? { ...entry, text: '' } : entry;
  return [{ ...keyOf(event), seq, step, attempt, entry: header }];
}

function piece(event: Stored): object[] {
  return 'text' in event.data ? [{ ...keyOf(event), position: event.position.toString(), text: event.data.text }] : [];
}

function ending(event: Stored): object[] {
  if (event.type !== 'ToolCallEnded') return [];
  return [{ ...keyOf(event), ending: endingOf(event.data), ended_at: event.position.toString() }];
}
