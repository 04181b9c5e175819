import { storableText } from '@runledger/kernel';
import { stripVTControlCharacters } from 'node:util';
import type { EntityManager } from 'typeorm';
import { SEARCH_WEIGHTS, type SearchedText } from './searched-texts.js';
import { vectorOf } from './words.js';

/** A text with the key of its row. */
export interface TextRow extends SearchedText {
  readonly workspaceId: string;
  readonly runId: string;
  /** Of the event that it begins with, decimal. */
  readonly position: string;
  /** Counts the parts of a long text, from 0. */
  readonly part: number;
}

const PUT_DOWN = `
  INSERT INTO search_texts
    (workspace_id, run_id, position, part, kind, step, attempt, agent, entry_id, request_id, at, text, words)
  SELECT workspace_id, run_id, position, part, kind, step, attempt, agent, entry_id, request_id, at, text, words::tsvector
  FROM json_to_recordset($1::json) AS r (
    workspace_id text, run_id text, position bigint, part int, kind text, step text, attempt int, agent text,
    entry_id text, request_id text, at timestamptz, text text, words text)
  ON CONFLICT DO NOTHING`;

/** Writes down what is whole; a text that is there already stays as it is (R1). */
export async function putDownTexts(texts: readonly TextRow[], rows: EntityManager): Promise<void> {
  const records = texts.filter(({ text }) => text.trim() !== '').map(recordOf);
  if (records.length > 0) await rows.query(PUT_DOWN, [JSON.stringify(records)]);
}

function recordOf(row: TextRow): object {
  const { workspaceId, runId, position, part, kind, step, attempt, agent, entryId, requestId, at } = row;
  const text = storableText(stripVTControlCharacters(row.text)); // colours would be parts of the words beside them
  const words = vectorOf(text, { weight: SEARCH_WEIGHTS[kind], workspaceId, runId });
  return {
    ...{ workspace_id: workspaceId, run_id: runId, entry_id: entryId, request_id: requestId },
    ...{ position, part, kind, step, attempt, agent, at, text, words },
  };
}
