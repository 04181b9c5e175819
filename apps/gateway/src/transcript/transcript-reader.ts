import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { connectionBackwards, connectionOf, type Connection, type PageAsked } from '../graph/connection.js';
import { CursorSigner } from '../graph/signed-cursor.js';
import { READ_MODEL_SOURCE } from '../reads/read-model-source.js';
import { TranscriptEntryRow } from './transcript.entity.js';
import type { TranscriptEntry } from './transcript-entries.js';

export interface TranscriptAsked extends PageAsked {
  readonly step: string | undefined;
  readonly attempt: number | undefined;
}

/** Most characters of one entry in a page: of longer ones the end is shown. */
const MAX_TEXT = 65_536;

/** Most pieces that its end is made of: however long an agent talks, reading a page takes no longer. */
const MAX_PIECES = 8_192;

const PIECES = `
  SELECT wanted.entry_id, shown.text
  FROM unnest($3::text[]) AS wanted (entry_id)
  CROSS JOIN LATERAL (
    SELECT string_agg(text, '' ORDER BY position) AS text
    FROM (
      SELECT position, text, sum(length(text)) OVER (ORDER BY position DESC) - length(text) AS behind
      FROM (
        SELECT position, text FROM transcript_pieces
        WHERE workspace_id = $1 AND run_id = $2 AND entry_id = wanted.entry_id
        ORDER BY position DESC LIMIT ${MAX_PIECES}) AS last) AS pieces
    WHERE behind < ${MAX_TEXT}) AS shown`;

/** Reads transcripts page by page. */
@Injectable()
export class TranscriptReader {
  constructor(
    @Inject(READ_MODEL_SOURCE) private readonly rows: DataSource,
    @Inject(CursorSigner) private readonly signer: CursorSigner,
  ) {}

  async page(workspaceId: string, runId: string, asked: TranscriptAsked): Promise<Connection<TranscriptEntry>> {
    const { step, attempt, size, cursor, backwards } = asked;
    const list = ['transcript', workspaceId, runId, step, attempt];
    const query = this.rows
      .getRepository(TranscriptEntryRow)
      .createQueryBuilder('e')
      .where('e.workspaceId = :workspaceId AND e.runId = :runId', { workspaceId, runId });
    if (step !== undefined) query.andWhere('e.step = :step', { step });
    if (attempt !== undefined) query.andWhere('e.attempt = :attempt', { attempt });
    if (cursor !== undefined) {
      const [seq] = this.signer.open(list, cursor);
      query.andWhere(backwards ? 'e.seq < :seq' : 'e.seq > :seq', { seq });
    }
    const found = await query
      .orderBy('e.seq', backwards ? 'DESC' : 'ASC')
      .limit(size + 1)
      .getMany();
    const texts = await this.#texts(workspaceId, runId, found.slice(0, size));
    const page = {
      ...{ size, cursor, list, signer: this.signer },
      place: (row: TranscriptEntryRow) => [row.seq],
      node: (row: TranscriptEntryRow) => joined(row, texts.get(row.entryId) ?? ''),
    };
    return backwards ? connectionBackwards(found, page) : connectionOf(found, page);
  }

  async #texts(workspaceId: string, runId: string, rows: readonly TranscriptEntryRow[]): Promise<Map<string, string>> {
    const ids = rows.map(row => row.entryId);
    const found = await this.rows.query<{ entry_id: string; text: string | null }[]>(PIECES, [workspaceId, runId, ids]);
    return new Map(found.map(({ entry_id, text }) => [entry_id, (text ?? '').slice(-MAX_TEXT)]));
  }
}

function joined({ entry, ending }: TranscriptEntryRow, text: string): TranscriptEntry {
  switch (entry.__typename) {
    case 'TextEntry':
    case 'ThinkingEntry':
    case 'SetupEntry':
    case 'InfoEntry':
      return { ...entry, text };
    case 'ToolEntry':
      return { ...entry, streamed: text, ...ending };
    case 'ErrorEntry':
      return entry;
  }
}
